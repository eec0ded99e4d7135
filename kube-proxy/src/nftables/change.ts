import type { Transaction } from './transaction.ts';
import { type Chain, noRules, type ServiceRules, type Table } from './types.ts';

/**
 * Brings a service's chains and sets from `before` to `after`. Costs what the service costs, whatever else there is. Returns the chains that
 * are to be deleted once the kernel has noticed that nothing leads to them any more.
 */
export function writeService(tx: Transaction, before: ServiceRules, after: ServiceRules): string[] {
  const remade = [...after.affinity].filter(([name, seconds]) => before.affinity.has(name) && before.affinity.get(name) !== seconds);
  for (const [chain, rules] of after.chains)
    if (remade.length > 0 || !sameRules(before.chains.get(chain), rules)) tx.writeChain(chain, { rules });
  const stale = [...before.chains.keys()].filter((chain) => !after.chains.has(chain));
  for (const chain of stale) tx.emptyChain(chain);
  for (const [name, seconds] of before.affinity) if (after.affinity.get(name) !== seconds) tx.dropContainer(name, 'set');
  for (const [name, seconds] of after.affinity)
    if (before.affinity.get(name) !== seconds) tx.writeContainer(name, { kind: 'set', type: 'ipv4_addr', timeout: seconds });
  return stale;
}

/** Those of a service's chains and sets that the kernel was found to have. */
export function foundOf({ chains, containers }: Table, { chains: ours, affinity }: ServiceRules): ServiceRules {
  const found = { chains: new Map<string, readonly string[]>(), affinity: new Map<string, number>() };
  for (const name of ours.keys()) {
    const chain = chains.get(name);
    if (chain) found.chains.set(name, chain.rules);
  }
  for (const name of affinity.keys()) {
    const container = containers.get(name);
    if (container) found.affinity.set(name, container.timeout ?? 0);
  }
  return { ...noRules, ...found };
}

/** Whether the sets and maps that `wanted` names are, where they are there, what they should be. */
export function fits(found: Table, wanted: Table): boolean {
  return [...wanted.containers].every(([name, { kind, type }]) => {
    const held = found.containers.get(name);
    return held === undefined || (held.kind === kind && held.type === type);
  });
}

/** Makes the sets and maps that are missing, and those chains that are not as `wanted`: with a hook, or without one. */
export function writeBase(tx: Transaction, found: Table, wanted: Table, withHook: boolean): void {
  if (!withHook) for (const [name, container] of wanted.containers) if (!found.containers.has(name)) tx.writeContainer(name, container);
  for (const [name, chain] of wanted.chains) {
    const held = found.chains.get(name);
    if ((chain.hook !== undefined) === withHook && !sameChain(held, chain))
      tx.writeChain(name, chain, held !== undefined && held.hook !== chain.hook);
  }
}

function sameChain(held: Chain | undefined, wanted: Chain): boolean {
  return held?.hook === wanted.hook && sameRules(held?.rules, wanted.rules);
}

function sameRules(a: readonly string[] | undefined, b: readonly string[]): boolean {
  return a !== undefined && a.length === b.length && a.every((rule, i) => rule === b[i]);
}
