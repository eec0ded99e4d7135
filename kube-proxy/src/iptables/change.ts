import { baseChains, canary, jumps, sharedChains, tables } from './base.ts';
import { portChainPattern } from './names.ts';
import type { RenderOptions, ServiceRules, SharedRule, Table, Tables } from './rules.ts';

/** The difference between what the kernel holds and what is wanted: all that is sent to it. */
export interface Change {
  /** Chains to be made or emptied and filled with `rules`. */
  readonly write: readonly { readonly table: Table; readonly chain: string; readonly rules: readonly string[] }[];
  /** Rules to be put at the head of chains whose other rules stay. */
  readonly insert: readonly SharedRule[];
  /** Rules to be taken out of chains whose other rules stay. */
  readonly drop: readonly SharedRule[];
  /** Chains to be emptied and deleted, when nothing leads to them any more. */
  readonly remove: readonly { readonly table: Table; readonly chain: string }[];
}

export function isEmpty(change: Change): boolean {
  return change.write.length + change.insert.length + change.drop.length + change.remove.length === 0;
}

/** What changes when a service's rules go from `before` to `after`. Costs what the service costs, whatever else there is. */
export function serviceChange(before: ServiceRules, after: ServiceRules): Change {
  const had = new Set(before.shared.map(keyOf));
  const has = new Set(after.shared.map(keyOf));
  return {
    write: changedChains(before.chains, after),
    insert: after.shared.filter((rule) => !had.has(keyOf(rule))),
    drop: before.shared.filter((rule) => !has.has(keyOf(rule))),
    remove: [...before.chains.keys()].filter((chain) => !after.chains.has(chain)).map((chain) => ({ table: 'nat', chain })),
  };
}

/**
 * What brings tables as found (`kernel`, from `iptables-save`) to what is wanted. Several changes, each complete in itself: nf_tables
 * takes quadratic time over one big transaction. The base comes first, services next, what nobody wants last.
 */
export function fullChange(kernel: Tables, options: RenderOptions, services: Iterable<ServiceRules>): Change[] {
  const all = [...services];
  const base = baseChains(options);
  const held = heldRules(kernel);
  const nat = kernel.get('nat') ?? new Map<string, readonly string[]>();
  const changes = [baseChange(kernel, base, held)];
  for (const group of inGroups(all)) {
    changes.push({
      write: group.flatMap((service) => changedChains(nat, service)),
      insert: group.flatMap((service) => service.shared.filter((rule) => !held.has(keyOf(rule)))),
      drop: [],
      remove: [],
    });
  }
  changes.push(staleChange(kernel, base, all));
  return changes.filter((change) => !isEmpty(change));
}

/** Takes every trace of us out of tables as found. */
export function cleanupChange(kernel: Tables): Change {
  const ours = new Set<string>([canary]);
  for (const chains of baseChains({ masqueradeAll: false, masqueradeEgress: false, masqueradeBit: 14, localhostNodePorts: false }).values())
    for (const chain of chains.keys()) ours.add(chain);
  const leads = (rule: string): boolean => ours.has(/-j (\S+)$/.exec(rule)?.[1] ?? '');
  const drop: SharedRule[] = [];
  const remove: { table: Table; chain: string }[] = [];
  for (const [table, chains] of kernel) {
    for (const [chain, rules] of chains) {
      if (ours.has(chain) || portChainPattern.test(chain)) remove.push({ table, chain });
      else if (!chain.startsWith('KUBE-')) drop.push(...rules.filter(leads).map((rule) => ({ table, chain, rule })));
    }
  }
  return { write: [], insert: [], drop, remove };
}

function changedChains(before: ReadonlyMap<string, readonly string[]>, after: ServiceRules): Change['write'] {
  return [...after.chains]
    .filter(([chain, rules]) => !sameRules(before.get(chain), rules))
    .map(([chain, rules]) => ({ table: 'nat', chain, rules }));
}

function baseChange(kernel: Tables, base: Tables, held: ReadonlySet<string>): Change {
  const write = [];
  for (const table of tables) {
    for (const [chain, rules] of base.get(table) ?? []) {
      const found = kernel.get(table)?.get(chain);
      const kept = sharedChains[table].includes(chain) ? found !== undefined : sameRules(found, rules);
      if (!kept) write.push({ table, chain, rules });
    }
  }
  return { write, insert: jumps.filter((rule) => !held.has(keyOf(rule))), drop: [], remove: [] };
}

/** Rules that nobody wants, chains that nobody owns. A shared chain that would lose most of its rules, or its end, is written anew. */
function staleChange(kernel: Tables, base: Tables, services: readonly ServiceRules[]): Change {
  const write: { table: Table; chain: string; rules: readonly string[] }[] = [];
  const drop: SharedRule[] = [];
  const wanted = new Map<string, string[]>();
  for (const { shared } of services) for (const { table, chain, rule } of shared) append(wanted, `${table} ${chain}`, rule);
  for (const table of tables) {
    for (const chain of sharedChains[table]) {
      const found = kernel.get(table)?.get(chain);
      if (!found) continue;
      const end = base.get(table)?.get(chain) ?? [];
      const rules = wanted.get(`${table} ${chain}`) ?? [];
      const surplus = surplusOf(found, new Set([...rules, ...end]));
      const broken = !sameRules(found.slice(found.length - end.length), end);
      if (broken || surplus.length > Math.max(50, found.length / 2)) write.push({ table, chain, rules: [...rules, ...end] });
      else drop.push(...surplus.map((rule) => ({ table, chain, rule })));
    }
  }
  const owned = new Set(services.flatMap(({ chains }) => [...chains.keys()]));
  const remove = [...(kernel.get('nat')?.keys() ?? [])].filter((chain) => portChainPattern.test(chain) && !owned.has(chain));
  return { write, insert: [], drop, remove: remove.map((chain) => ({ table: 'nat', chain })) };
}

/** Those of `found` that are unwanted or stand there a second time. */
function surplusOf(found: readonly string[], wanted: ReadonlySet<string>): string[] {
  const seen = new Set<string>();
  return found.filter((rule) => {
    if (!wanted.has(rule) || seen.has(rule)) return true;
    seen.add(rule);
    return false;
  });
}

function heldRules(kernel: Tables): Set<string> {
  const held = new Set<string>();
  for (const [table, chains] of kernel) {
    const shared = new Set([...sharedChains[table], 'INPUT', 'OUTPUT', 'FORWARD', 'PREROUTING', 'POSTROUTING']);
    for (const [chain, rules] of chains) if (shared.has(chain)) for (const rule of rules) held.add(keyOf({ table, chain, rule }));
  }
  return held;
}

/** Rules in one transaction: beyond some thousands nf_tables slows down. */
const groupRules = 3000;

function* inGroups(services: readonly ServiceRules[]): Generator<ServiceRules[]> {
  let group: ServiceRules[] = [];
  let rules = 0;
  for (const service of services) {
    group.push(service);
    rules += service.shared.length;
    for (const content of service.chains.values()) rules += content.length;
    if (rules < groupRules) continue;
    yield group;
    group = [];
    rules = 0;
  }
  if (group.length > 0) yield group;
}

function sameRules(a: readonly string[] | undefined, b: readonly string[]): boolean {
  return a !== undefined && a.length === b.length && a.every((rule, i) => rule === b[i]);
}

function keyOf({ table, chain, rule }: SharedRule): string {
  return `${table} ${chain} ${rule}`;
}

function append(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
