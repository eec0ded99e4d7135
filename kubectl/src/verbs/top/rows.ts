import { parseQuantity, quantityMilliValue, quantityValue } from '@keelson/machinery';

/** `cpu` and `memory` as the metrics API writes them. */
export interface Amounts {
  readonly cpu: string;
  readonly memory: string;
}

/** An item of the metrics API: of a node with `usage`, of a pod with `containers`. */
export interface Metrics {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly usage?: Amounts;
  readonly containers?: readonly { readonly name: string; readonly usage: Amounts }[];
}

export interface TopOptions {
  /** `cpu`, `memory`, or nothing: by name. */
  readonly sortBy: string;
  readonly headers: boolean;
}

export interface PodOptions extends TopOptions {
  readonly namespaces: boolean;
  readonly containers: boolean;
  readonly sum: boolean;
}

type Cells = readonly string[];

/** Thousandths of a core, and bytes. */
interface Used {
  readonly cpu: number;
  readonly memory: number;
}

const usedOf = ({ cpu, memory }: Amounts): Used => ({
  cpu: quantityMilliValue(parseQuantity(cpu)),
  memory: quantityValue(parseQuantity(memory)),
});
const add = (a: Used, b: Used): Used => ({ cpu: a.cpu + b.cpu, memory: a.memory + b.memory });
const nothing: Used = { cpu: 0, memory: 0 };
const cpuText = ({ cpu }: Used): string => `${cpu}m`;
const memoryText = ({ memory }: Used): string => `${Math.trunc(memory / 2 ** 20)}Mi`;
const unknown = '<unknown>';

/** `whole`: what each node offers, by its name. Nodes that are not measured yet stand last. */
export function nodeRows(metrics: readonly Metrics[], whole: ReadonlyMap<string, Partial<Amounts>>, options: TopOptions): Cells[] {
  const measured = metrics.map(({ metadata: { name }, usage }) => ({ name, used: usage ? usedOf(usage) : nothing }));
  const rows = measured.sort(byUse(options.sortBy)).map(({ name, used }) => {
    const { cpu = '0', memory = '0' } = whole.get(name) ?? {};
    const offered = usedOf({ cpu, memory });
    return [name, cpuText(used), share(used.cpu, offered.cpu), memoryText(used), share(used.memory, offered.memory)];
  });
  const names = new Set(measured.map(({ name }) => name));
  const missing = [...whole.keys()].filter((name) => !names.has(name)).map((name) => [name, unknown, unknown, unknown, unknown]);
  const header = ['NAME', 'CPU(cores)', 'CPU(%)', 'MEMORY(bytes)', 'MEMORY(%)'];
  return [...(options.headers ? [header] : []), ...rows, ...missing];
}

function share(amount: number, of: number): string {
  return of > 0 ? `${Math.trunc((amount * 100) / of)}%` : unknown;
}

export function podRows(metrics: readonly Metrics[], options: PodOptions): Cells[] {
  const pods = metrics.map((one) => {
    const containers = (one.containers ?? []).map(({ name, usage }) => ({ name, used: usedOf(usage) }));
    const { name, namespace = '' } = one.metadata;
    return { name, namespace, containers, used: containers.map(({ used }) => used).reduce(add, nothing) };
  });
  const order = byUse(options.sortBy);
  pods.sort((a, b) => (options.namespaces && options.sortBy === '' ? compare(a.namespace, b.namespace) : 0) || order(a, b));
  const rows = pods.flatMap(({ name, namespace, containers, used }) => {
    const head = [...(options.namespaces ? [namespace] : []), name];
    if (!options.containers) return [[...head, cpuText(used), memoryText(used)]];
    return containers.sort(order).map((one) => [...head, one.name, cpuText(one.used), memoryText(one.used)]);
  });
  const header = [
    ...(options.namespaces ? ['NAMESPACE'] : []),
    ...(options.containers ? ['POD'] : []),
    'NAME',
    'CPU(cores)',
    'MEMORY(bytes)',
  ];
  const total = pods.map(({ used }) => used).reduce(add, nothing);
  return [...(options.headers ? [header] : []), ...rows, ...(options.sum ? sumRows(header.length - 2, total) : [])];
}

function sumRows(names: number, total: Used): Cells[] {
  const empty = Array.from({ length: names }, () => '');
  return [
    [...empty, '________', '________'],
    [...empty, cpuText(total), memoryText(total)],
  ];
}

/** The most first; by name where nothing else is asked for. */
function byUse(by: string): (a: { name: string; used: Used }, b: { name: string; used: Used }) => number {
  if (by === 'cpu' || by === 'memory') return (a, b) => b.used[by] - a.used[by];
  return (a, b) => compare(a.name, b.name);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
