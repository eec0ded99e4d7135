import type { Container, Pod } from '@keelson/types';
import { addQuantities, maxQuantity, parseQuantity, type Quantity } from './quantity.ts';

/** Amounts by resource name. */
export type Resources = Readonly<Record<string, Quantity>>;

type Bound = 'requests' | 'limits';

/**
 * What the scheduler sets aside for a pod: containers and sidecars together, or what an init container needs beside the sidecars started
 * before it, whichever is more; pod-level resources in their place where given; plus the overhead.
 * @throws Error for a quantity that does not parse.
 */
export function podRequests(pod: Pod): Resources {
  return podTotal(pod, 'requests');
}

/** As `podRequests`, of limits. The overhead counts only where there is a limit. */
export function podLimits(pod: Pod): Resources {
  return podTotal(pod, 'limits');
}

function podTotal(pod: Pod, bound: Bound): Resources {
  const total = { ...containersTotal(pod, bound), ...podLevel(pod, bound) };
  for (const [name, amount] of Object.entries(parseAll(pod.spec?.overhead))) {
    const present = total[name];
    if (present) total[name] = addQuantities(present, amount);
    else if (bound === 'requests') total[name] = amount;
  }
  return total;
}

function containersTotal({ spec }: Pod, bound: Bound): Record<string, Quantity> {
  const main = (spec?.containers ?? []).map((container) => containerAmounts(container, bound)).reduce(add, {});
  let sidecars: Resources = {};
  let startup: Resources = {};
  for (const container of spec?.initContainers ?? []) {
    const amounts = containerAmounts(container, bound);
    if (isSidecar(container)) sidecars = add(sidecars, amounts);
    startup = largest(startup, isSidecar(container) ? sidecars : add(sidecars, amounts));
  }
  return largest(add(main, sidecars), startup);
}

/** An init container that keeps running beside the others. */
export function isSidecar(container: Pick<Container, 'restartPolicy'>): boolean {
  return container.restartPolicy === 'Always';
}

const podLevelNames = /^(?:cpu|memory|hugepages-.*)$/;

function podLevel({ spec }: Pod, bound: Bound): Resources {
  const amounts = Object.entries(parseAll(spec?.resources?.[bound]));
  return Object.fromEntries(amounts.filter(([name]) => podLevelNames.test(name)));
}

function containerAmounts({ resources }: Pick<Container, 'resources'>, bound: Bound): Resources {
  return parseAll(resources?.[bound]);
}

function parseAll(list: Readonly<Record<string, string | number>> | undefined | null): Resources {
  return Object.fromEntries(Object.entries(list ?? {}).map(([name, text]) => [name, parseQuantity(text)]));
}

function add(a: Resources, b: Resources): Record<string, Quantity> {
  return combine(a, b, addQuantities);
}

function largest(a: Resources, b: Resources): Record<string, Quantity> {
  return combine(a, b, maxQuantity);
}

function combine(a: Resources, b: Resources, join: (x: Quantity, y: Quantity) => Quantity): Record<string, Quantity> {
  const result = { ...a };
  for (const [name, amount] of Object.entries(b)) {
    const present = result[name];
    result[name] = present ? join(present, amount) : amount;
  }
  return result;
}

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const computeNames = ['cpu', 'memory'];

/**
 * The pod's quality of service: `BestEffort` without any CPU or memory amounts, `Guaranteed` where every container limits both and asks
 * for just that, else `Burstable`. Pod-level resources, where given, decide alone. Zero counts as not given.
 */
export function qosClass(pod: Pod): QosClass {
  const bounds =
    pod.spec?.resources?.requests || pod.spec?.resources?.limits
      ? [pod.spec]
      : [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const amounts = bounds.map((holder) => ({ requests: computed(holder.resources?.requests), limits: computed(holder.resources?.limits) }));
  if (amounts.every(({ requests, limits }) => Object.keys(requests).length + Object.keys(limits).length === 0)) return 'BestEffort';
  const whole = amounts.every(({ limits }) => computeNames.every((name) => limits[name]));
  return whole && sameTotals(amounts.map(({ requests }) => requests).reduce(add, {}), amounts.map(({ limits }) => limits).reduce(add, {}))
    ? 'Guaranteed'
    : 'Burstable';
}

function computed(list: Readonly<Record<string, string | number>> | undefined | null): Resources {
  return Object.fromEntries(Object.entries(parseAll(list)).filter(([name, { nanos }]) => computeNames.includes(name) && nanos > 0n));
}

/** Every request equals its limit, and nothing is limited without being asked for. */
function sameTotals(requests: Resources, limits: Resources): boolean {
  const names = Object.keys(limits);
  return names.length === Object.keys(requests).length && names.every((name) => requests[name]?.nanos === limits[name]?.nanos);
}
