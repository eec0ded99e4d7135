import {
  compareQuantities,
  compareStrings,
  formatQuantity,
  parseQuantity,
  podLimits,
  podRequests,
  type Quantity,
  quantityMilliValue,
  type Resources,
} from '@keelson/machinery';
import type { Container, LimitRangeItem, PersistentVolumeClaim, Pod, ResourceRequirements } from '@keelson/types';

const annotation = 'kubernetes.io/limit-ranger';

type Amounts = Record<string, string>;

/** Gives containers the default requests and limits they leave open, and notes on the pod which those were. */
export function applyContainerDefaults(pod: Pod, limits: readonly LimitRangeItem[]): void {
  const own = limits.filter(({ type }) => type === 'Container');
  const requests = Object.assign({}, ...own.map(({ defaultRequest }) => defaultRequest)) as Amounts;
  const bounds = Object.assign({}, ...own.map((item) => item.default)) as Amounts;
  const notes: string[] = [];
  const fill = (container: Container, what: string): void => {
    const resources: ResourceRequirements = { ...container.resources };
    const note = (names: readonly string[], bound: string): void => {
      if (names.length > 0) notes.push(`${names.toSorted(compareStrings).join(', ')} ${bound} for ${what} ${container.name}`);
    };
    note(fillOpen(resources, 'requests', requests), 'request');
    note(fillOpen(resources, 'limits', bounds), 'limit');
    if (Object.keys(resources).length > 0) container.resources = resources;
  };
  for (const container of pod.spec.containers) fill(container, 'container');
  for (const container of pod.spec.initContainers ?? []) fill(container, 'init container');
  if (notes.length === 0) return;
  pod.metadata.annotations = { ...pod.metadata.annotations, [annotation]: `LimitRanger plugin set: ${notes.join('; ')}` };
}

function fillOpen(resources: ResourceRequirements, bound: 'requests' | 'limits', defaults: Amounts): string[] {
  const open = Object.keys(defaults).filter((name) => resources[bound]?.[name] === undefined);
  if (open.length > 0) resources[bound] = { ...resources[bound], ...Object.fromEntries(open.map((name) => [name, defaults[name] ?? ''])) };
  return open;
}

/** How a pod breaks the limits of a namespace, with upstream's words. */
export function podProblems(pod: Pod, limits: readonly LimitRangeItem[]): string[] {
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  return limits.flatMap((item) => {
    if (item.type === 'Container')
      return containers.flatMap(({ resources }) => problems(item, parse(resources?.requests), parse(resources?.limits)));
    if (item.type === 'Pod') return problems(item, podRequests(pod), podLimits(pod));
    return [];
  });
}

export function claimProblems({ spec }: PersistentVolumeClaim, limits: readonly LimitRangeItem[]): string[] {
  const requests = parse(spec.resources?.requests);
  return limits
    .filter(({ type }) => type === 'PersistentVolumeClaim')
    .flatMap((item) => [
      ...each(item.min, (name, wanted) => minimum(item.type, name, wanted, requests[name], undefined)),
      ...each(item.max, (name, wanted) => {
        const asked = requests[name];
        if (!asked) return `maximum ${name} usage per ${item.type} is ${text(wanted)}. No request is specified`;
        return compareQuantities(asked, wanted) > 0
          ? `maximum ${name} usage per ${item.type} is ${text(wanted)}, but request is ${text(asked)}`
          : undefined;
      }),
    ]);
}

function problems(item: LimitRangeItem, requests: Resources, limits: Resources): string[] {
  const { type } = item;
  return [
    ...each(item.min, (name, wanted) => minimum(type, name, wanted, requests[name], limits[name])),
    ...each(item.max, (name, wanted) => maximum(type, name, wanted, requests[name], limits[name])),
    ...each(item.maxLimitRequestRatio, (name, wanted) => ratio(type, name, wanted, requests[name], limits[name])),
  ];
}

function minimum(type: string, name: string, wanted: Quantity, request?: Quantity, limit?: Quantity): string | undefined {
  const lead = `minimum ${name} usage per ${type} is ${text(wanted)}`;
  if (!request) return `${lead}. No request is specified`;
  if (compareQuantities(request, wanted) < 0) return `${lead}, but request is ${text(request)}`;
  if (limit && compareQuantities(limit, wanted) < 0) return `${lead}, but limit is ${text(limit)}`;
  return undefined;
}

function maximum(type: string, name: string, wanted: Quantity, request?: Quantity, limit?: Quantity): string | undefined {
  const lead = `maximum ${name} usage per ${type} is ${text(wanted)}`;
  if (!limit) return `${lead}. No limit is specified`;
  if (compareQuantities(limit, wanted) > 0) return `${lead}, but limit is ${text(limit)}`;
  if (request && compareQuantities(request, wanted) > 0) return `${lead}, but request is ${text(request)}`;
  return undefined;
}

function ratio(type: string, name: string, wanted: Quantity, request?: Quantity, limit?: Quantity): string | undefined {
  const lead = `${name} max limit to request ratio per ${type} is ${text(wanted)}, but`;
  if (!request || request.nanos === 0n) return `${lead} no request is specified or request is 0.`;
  if (!limit || limit.nanos === 0n) return `${lead} no limit is specified or limit is 0.`;
  const found = quantityMilliValue(limit) / quantityMilliValue(request);
  return found > quantityMilliValue(wanted) / 1000 ? `${lead} provided ratio is ${found.toFixed(6)}` : undefined;
}

function each(amounts: Readonly<Amounts> | undefined, check: (name: string, wanted: Quantity) => string | undefined): string[] {
  return Object.entries(amounts ?? {})
    .map(([name, wanted]) => check(name, parseQuantity(wanted)))
    .filter((problem) => problem !== undefined);
}

function parse(amounts: Readonly<Amounts> | undefined): Resources {
  return Object.fromEntries(Object.entries(amounts ?? {}).map(([name, amount]) => [name, parseQuantity(amount)]));
}

const text = formatQuantity;
