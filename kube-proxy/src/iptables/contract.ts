import type { Table } from './rules.ts';

/** The kernel's tables, or something that keeps rules as it does. */
export interface Rules {
  /** All tables as `iptables-save` prints them. */
  save(): Promise<string>;
  /** Makes the changes of `script` as `iptables-restore --noflush` does: each table's part wholly or not at all. @throws when refused. */
  restore(script: string): Promise<void>;
  hasChain(table: Table, chain: string): Promise<boolean>;
}
