import type { Nft } from './contract.ts';

interface MemoryContainer {
  readonly kind: string;
  /** What nft prints between the name and the elements. */
  readonly lines: readonly string[];
  readonly elements: Map<string, string>;
}

interface MemoryTable {
  readonly chains: Map<string, { readonly hook: string | undefined; readonly rules: string[] }>;
  readonly containers: Map<string, MemoryContainer>;
}

export interface MemoryNft extends Nft {
  readonly scripts: readonly string[];
  /** What `list` gives. */
  text(): string;
  /** As `nft flush ruleset`. */
  flush(): void;
}

/**
 * The table kept in memory under nftables' own rules: a script is refused whole when it deletes what is not there or is used, adds an
 * element that is there with another verdict, or leads to a chain or set that does not exist. For clusters whose nodes are models, and
 * for tests.
 */
export function memoryNft(addresses: readonly string[] = []): MemoryNft {
  let table: MemoryTable | undefined;
  const scripts: string[] = [];
  return {
    scripts,
    flush: () => {
      table = undefined;
    },
    text: () => (table ? listing(table) : ''),
    list: async () => (table ? listing(table) : ''),
    async run(script) {
      scripts.push(script);
      table = applied(table, script);
    },
    holds: async (name) => table?.containers.has(name) ?? false,
    addresses: () => addresses,
  };
}

function applied(before: MemoryTable | undefined, script: string): MemoryTable | undefined {
  let table = before && copyOf(before);
  for (const line of script.split('\n')) {
    const [, verb = '', what = '', family = '', name = '', rest = ''] = /^(\w+) (\w+) (\w+) kube-proxy ?(\S*) ?(.*)$/.exec(line) ?? [];
    if (family !== 'ip') continue;
    if (what === 'table') table = verb === 'delete' ? undefined : (table ?? { chains: new Map(), containers: new Map() });
    else if (!table) throw new Error(`no table for: ${line}`);
    else apply(table, verb, what, name, rest);
  }
  if (table) checkReferences(table);
  return table;
}

function copyOf({ chains, containers }: MemoryTable): MemoryTable {
  return {
    chains: new Map([...chains].map(([name, { hook, rules }]) => [name, { hook, rules: [...rules] }])),
    containers: new Map([...containers].map(([name, container]) => [name, { ...container, elements: new Map(container.elements) }])),
  };
}

function apply({ chains, containers }: MemoryTable, verb: string, what: string, name: string, rest: string): void {
  const known = what === 'chain' || what === 'rule' ? chains.has(name) : containers.has(name);
  if (!known && (verb !== 'add' || what === 'rule' || what === 'element')) throw new Error(`no ${what} ${name} to ${verb}`);
  if (what === 'element') changeElements(containers.get(name)?.elements ?? new Map(), verb, rest);
  else if (what === 'rule') chains.get(name)?.rules.push(rest);
  else if (verb === 'flush') chains.get(name)?.rules.splice(0);
  else if (verb === 'delete') (what === 'chain' ? chains : containers).delete(name);
  else if (what !== 'chain') addContainer(containers, what, name, rest);
  else if (!known) chains.set(name, { hook: /type .* hook [^;]*;[^;]*;/.exec(rest)?.[0], rules: [] });
}

function addContainer(containers: Map<string, MemoryContainer>, kind: string, name: string, text: string): void {
  if (containers.has(name)) return;
  const lines = text
    .slice(2, -2)
    .split(';')
    .map((line) => line.trim());
  containers.set(name, { kind, lines: lines.filter((line) => line !== ''), elements: new Map() });
}

function changeElements(held: Map<string, string>, verb: string, list: string): void {
  for (const element of list.slice(2, -2).split(', ')) {
    const end = element.search(/ (comment|:) /);
    const [key, tail] = end < 0 ? [element, ''] : [element.slice(0, end), element.slice(end)];
    if (verb === 'delete') {
      if (!held.delete(key)) throw new Error(`no element ${key} to delete`);
    } else {
      if (held.has(key) && held.get(key) !== tail) throw new Error(`element ${key} is there already`);
      held.set(key, tail);
    }
  }
}

/** What is named must be there. */
function checkReferences({ chains, containers }: MemoryTable): void {
  const texts = [
    ...[...chains.values()].flatMap(({ rules }) => rules),
    ...[...containers.values()].flatMap(({ elements }) => [...elements.values()]),
  ];
  for (const text of texts) {
    for (const [, chain = ''] of text.matchAll(/(?:goto|jump) ([^\s,]+)/g))
      if (!chains.has(chain)) throw new Error(`no chain ${chain} for: ${text}`);
    for (const [, set = ''] of text.matchAll(/(?:^|\s)@(\S+)/g)) if (!containers.has(set)) throw new Error(`no set ${set} for: ${text}`);
  }
}

/** As nft prints it: two elements a line. */
function listing({ chains, containers }: MemoryTable): string {
  const block = (head: string, lines: readonly string[]): string => `\t${head} {\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n\n`;
  const sets = [...containers].map(([name, { kind, lines, elements }]) => block(`${kind} ${name}`, [...lines, ...elementLines(elements)]));
  const rules = [...chains].map(([name, chain]) => block(`chain ${name}`, [...(chain.hook ? [chain.hook] : []), ...chain.rules]));
  return `table ip kube-proxy {\n${[...sets, ...rules].join('')}}\n`;
}

function elementLines(elements: ReadonlyMap<string, string>): string[] {
  if (elements.size === 0) return [];
  const texts = [...elements].map(([key, tail]) => `${key}${tail}`);
  const pairs = Array.from({ length: Math.ceil(texts.length / 2) }, (_, i) => texts.slice(2 * i, 2 * i + 2).join(', '));
  return `elements = { ${pairs.join(',\n\t')} }`.split('\n');
}
