import type { Table, Tables } from './rules.ts';

/** Reads what `iptables-save` prints into chains and their rules. Tables we do not use are left out. */
export function parseSave(text: string): Tables {
  const tables = new Map<Table, Map<string, string[]>>();
  let chains = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) {
      chains = new Map();
      const table = line.slice(1);
      if (table === 'nat' || table === 'filter' || table === 'mangle') tables.set(table, chains);
    } else if (line.startsWith(':')) {
      chains.set(line.slice(1, line.indexOf(' ')), []);
    } else if (line.startsWith('-A ')) {
      const end = line.indexOf(' ', 3);
      const chain = end < 0 ? line.slice(3) : line.slice(3, end);
      chains.get(chain)?.push(end < 0 ? '' : line.slice(end + 1).trimEnd());
    }
  }
  return tables;
}
