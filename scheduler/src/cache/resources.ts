import { parseQuantity, quantityMilliValue, quantityValue } from '@keelson/machinery';
import type { Pod } from '@keelson/types';

/** Amounts as the scheduler counts them: CPU in thousandths, the rest in whole units. */
export interface Amounts {
  readonly cpu: number;
  readonly memory: number;
  readonly ephemeral: number;
  /** Extended resources and huge pages by name. */
  readonly scalars: ReadonlyMap<string, number>;
}

type Quantities = Readonly<Record<string, string | number>> | undefined;

/** What a container is taken to use for scoring when it says nothing, so that such pods spread too. */
const unstated = { cpu: 100, memory: 200 * 1024 * 1024 };

const parsed = new Map<string, number>();

/** Quantities repeat endlessly: each text is read once. */
function amountOf(name: string, text: string | number): number {
  const key = `${name === 'cpu' ? 'm' : ''}${text}`;
  const known = parsed.get(key);
  if (known !== undefined) return known;
  const quantity = parseQuantity(text);
  const amount = name === 'cpu' ? quantityMilliValue(quantity) : quantityValue(quantity);
  if (parsed.size > 10_000) parsed.clear();
  parsed.set(key, amount);
  return amount;
}

export function readAmounts(list: Quantities): Map<string, number> {
  return new Map(Object.entries(list ?? {}).map(([name, text]) => [name, amountOf(name, text)]));
}

export interface Requests {
  readonly amounts: Amounts;
  /** With defaults for what containers leave unstated; what scoring counts. */
  readonly nonzero: { readonly cpu: number; readonly memory: number };
}

type Container = NonNullable<Pod['spec']>['containers'][number];

/**
 * What a pod occupies on a node: its containers and sidecars together or its largest init step, whichever is more, the pod's own
 * `resources` in their place where stated, and its overhead. While a pod is resized, its containers count with the most of what they ask
 * for, what its node set aside for them, and what they still have; what they ask for does not count where the node can never give it.
 */
export function podRequests(pod: Pod): Requests {
  const held = containerRequests(pod);
  const real = podTotal(pod, held);
  const counted = podTotal(pod, (container) => withDefaults(held(container)));
  return {
    amounts: {
      cpu: real.get('cpu') ?? 0,
      memory: real.get('memory') ?? 0,
      ephemeral: real.get('ephemeral-storage') ?? 0,
      scalars: new Map(
        [...real].filter(([name, amount]) => amount > 0 && name !== 'cpu' && name !== 'memory' && name !== 'ephemeral-storage'),
      ),
    },
    nonzero: { cpu: counted.get('cpu') ?? 0, memory: counted.get('memory') ?? 0 },
  };
}

type Read = (container: Container) => Map<string, number>;

function containerRequests({ status }: Pod): Read {
  const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const known = new Map(statuses.filter((each) => each.resources ?? each.allocatedResources).map((each) => [each.name, each]));
  const never = status?.conditions?.some(({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible');
  return ({ name, resources }) => {
    const asked = readAmounts(resources?.requests);
    const found = known.get(name);
    if (!found) return asked;
    const most = never ? new Map([...asked].filter(([each]) => each !== 'cpu' && each !== 'memory')) : asked;
    raise(most, readAmounts(found.allocatedResources));
    raise(most, readAmounts(found.resources?.requests));
    return most;
  };
}

/** Of some resource `after` takes less than `before`. */
export function asksLess(before: { readonly requests: Requests }, after: { readonly requests: Requests }): boolean {
  const [a, b] = [before.requests.amounts, after.requests.amounts];
  if (b.cpu < a.cpu || b.memory < a.memory || b.ephemeral < a.ephemeral) return true;
  return [...a.scalars].some(([name, amount]) => (b.scalars.get(name) ?? 0) < amount);
}

/** Whether two pods occupy the same. */
export function sameRequests({ amounts: a }: Requests, { amounts: b }: Requests): boolean {
  return (
    a.cpu === b.cpu &&
    a.memory === b.memory &&
    a.ephemeral === b.ephemeral &&
    a.scalars.size === b.scalars.size &&
    [...a.scalars].every(([name, amount]) => b.scalars.get(name) === amount)
  );
}

function withDefaults(amounts: Map<string, number>): Map<string, number> {
  if (!amounts.has('cpu')) amounts.set('cpu', unstated.cpu);
  if (!amounts.has('memory')) amounts.set('memory', unstated.memory);
  return amounts;
}

function podTotal(pod: Pod, read: Read): Map<string, number> {
  const total = new Map<string, number>();
  const sidecars = new Map<string, number>();
  const initial = new Map<string, number>();
  for (const container of pod.spec?.containers ?? []) add(total, read(container));
  for (const container of pod.spec?.initContainers ?? []) {
    const amounts = read(container);
    if (container.restartPolicy === 'Always') {
      add(total, amounts);
      add(sidecars, amounts);
      raise(initial, sidecars);
    } else {
      add(amounts, sidecars);
      raise(initial, amounts);
    }
  }
  raise(total, initial);
  const { resources } = (pod.spec ?? {}) as { resources?: { requests?: Quantities } };
  for (const [name, amount] of readAmounts(resources?.requests)) total.set(name, amount);
  add(total, readAmounts(pod.spec?.overhead));
  return total;
}

function add(to: Map<string, number>, more: ReadonlyMap<string, number>): void {
  for (const [name, amount] of more) to.set(name, (to.get(name) ?? 0) + amount);
}

function raise(to: Map<string, number>, least: ReadonlyMap<string, number>): void {
  for (const [name, amount] of least) to.set(name, Math.max(to.get(name) ?? 0, amount));
}
