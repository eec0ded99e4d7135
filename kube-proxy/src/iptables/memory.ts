import type { Rules } from './contract.ts';
import type { Table } from './rules.ts';
import { parseSave } from './save.ts';

type Chains = Map<string, string[]>;

const builtIn: Readonly<Record<Table, readonly string[]>> = {
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
};

const verdicts = new Set(['ACCEPT', 'DROP', 'RETURN', 'REJECT', 'MARK', 'MASQUERADE', 'DNAT']);

/**
 * Tables kept in memory under iptables' own rules: a script is refused whole when it deletes a rule that is not there, deletes a chain that
 * is used or not empty, or leads to a chain that does not exist. For clusters whose nodes are models, and for tests.
 */
export function memoryRules(saved = ''): Rules & { readonly scripts: readonly string[] } {
  const found = parseSave(saved);
  const tables = new Map<string, Chains>();
  for (const table of ['mangle', 'nat', 'filter'] as const) {
    const chains: Chains = new Map(builtIn[table].map((chain) => [chain, []]));
    for (const [chain, rules] of found.get(table) ?? []) chains.set(chain, [...rules]);
    tables.set(table, chains);
  }
  const scripts: string[] = [];
  return {
    scripts,
    save: async () => [...tables].map(([table, chains]) => saveTable(table, chains)).join(''),
    async restore(script) {
      scripts.push(script);
      for (const part of script.split(/^COMMIT\n/m)) {
        const [head, ...lines] = part.split('\n');
        const table = head?.slice(1) ?? '';
        const chains = tables.get(table);
        if (chains) tables.set(table, applied(chains, lines));
        else if (head) throw new Error(`no table ${head}`);
      }
    },
    hasChain: async (table, chain) => tables.get(table)?.has(chain) ?? false,
  };
}

function saveTable(table: string, chains: Chains): string {
  const names = [...chains.keys()].map((chain) => `:${chain} - [0:0]\n`);
  const rules = [...chains].flatMap(([chain, content]) => content.map((rule) => `-A ${chain} ${rule}\n`));
  return `*${table}\n${names.join('')}${rules.join('')}COMMIT\n`;
}

function applied(before: Chains, lines: readonly string[]): Chains {
  const chains: Chains = new Map(before);
  for (const line of lines) if (line !== '') applyLine(chains, line);
  for (const [chain, rules] of chains) if (rules !== before.get(chain)) for (const rule of rules) checkTarget(chains, rule);
  return chains;
}

function applyLine(chains: Chains, line: string): void {
  if (line.startsWith(':')) {
    chains.set(line.slice(1, line.indexOf(' ')), []);
    return;
  }
  const [, verb = '', chain = '', rule = ''] = /^(-[AIDX]) (\S+) ?(.*)$/.exec(line) ?? [];
  const rules = chains.get(chain);
  if (!rules) throw new Error(`no chain for: ${line}`);
  if (verb === '-X') deleteChain(chains, chain, rules);
  else if (verb === '-A') chains.set(chain, [...rules, rule]);
  else if (verb === '-I') chains.set(chain, [rule, ...rules]);
  else {
    const at = rules.indexOf(rule);
    if (at < 0) throw new Error(`no such rule: ${line}`);
    chains.set(chain, rules.toSpliced(at, 1));
  }
}

function deleteChain(chains: Chains, chain: string, rules: readonly string[]): void {
  if (rules.length > 0) throw new Error(`chain ${chain} is not empty`);
  for (const [from, others] of chains)
    if (others.some((rule) => targetOf(rule) === chain)) throw new Error(`chain ${chain} is used by ${from}`);
  chains.delete(chain);
}

function checkTarget(chains: Chains, rule: string): void {
  const target = targetOf(rule);
  if (target && !verdicts.has(target) && !chains.has(target)) throw new Error(`no chain ${target} for: ${rule}`);
}

function targetOf(rule: string): string | undefined {
  return /(?:^| )-j (\S+)/.exec(rule)?.[1];
}
