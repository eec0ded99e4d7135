import { tables } from './base.ts';
import type { Change } from './change.ts';
import type { Table } from './rules.ts';

/**
 * The text for `iptables-restore --noflush` that makes `changes`: one transaction per table that is touched, empty when none is.
 * Naming a chain (`:CHAIN`) makes or empties it; all other chains and rules stay as they are.
 */
export function script(changes: readonly Change[]): string {
  return tables.map((table) => tableScript(table, changes)).join('');
}

function tableScript(table: Table, changes: readonly Change[]): string {
  const of = <T extends { readonly table: Table }>(pick: (change: Change) => readonly T[]): T[] =>
    changes.flatMap(pick).filter((item) => item.table === table);
  const write = of((change) => change.write);
  const remove = of((change) => change.remove);
  const lines = [
    ...[...write, ...remove].map(({ chain }) => `:${chain} - [0:0]`),
    ...of((change) => change.drop).map(({ chain, rule }) => `-D ${chain} ${rule}`),
    ...write.flatMap(({ chain, rules }) => rules.map((rule) => `-A ${chain} ${rule}`)),
    ...of((change) => change.insert).map(({ chain, rule }) => `-I ${chain} ${rule}`),
    ...remove.map(({ chain }) => `-X ${chain}`),
  ];
  return lines.length === 0 ? '' : `*${table}\n${lines.join('\n')}\nCOMMIT\n`;
}
