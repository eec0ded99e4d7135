import { parseQuantity, quantityMilliValue, quantityValue } from '@keelson/machinery';

/** `cpu` and `memory` as the metrics API writes them. */
export interface Amounts {
  readonly cpu: string;
  readonly memory: string;
  readonly swap?: string;
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
  /** Whether columns of swap memory follow. */
  readonly swap?: boolean;
}

export interface PodOptions extends TopOptions {
  readonly namespaces: boolean;
  readonly containers: boolean;
  readonly sum: boolean;
}

export type Cells = readonly string[];

/** Thousandths of a core, and bytes. Swap is not measured everywhere. */
interface Used {
  readonly cpu: number;
  readonly memory: number;
  readonly swap?: number;
}

const usedOf = ({ cpu, memory, swap }: Amounts): Used => ({
  cpu: quantityMilliValue(parseQuantity(cpu)),
  memory: quantityValue(parseQuantity(memory)),
  ...(swap === undefined ? {} : { swap: quantityValue(parseQuantity(swap)) }),
});
const add = (a: Used, b: Used): Used => ({ cpu: a.cpu + b.cpu, memory: a.memory + b.memory, swap: (a.swap ?? 0) + (b.swap ?? 0) });
const nothing: Used = { cpu: 0, memory: 0 };
const cpuText = ({ cpu }: Used): string => `${cpu}m`;
const mebibytes = (bytes: number): string => `${Math.trunc(bytes / 2 ** 20)}Mi`;
const memoryText = ({ memory }: Used): string => mebibytes(memory);
const unknown = '<unknown>';

/** `whole`: what each node offers, by its name. Nodes that are not measured yet stand last. */
export function nodeRows(metrics: readonly Metrics[], whole: ReadonlyMap<string, Partial<Amounts>>, options: TopOptions): Cells[] {
  const measured = metrics.map(({ metadata: { name }, usage }) => ({ name, used: usage ? usedOf(usage) : nothing }));
  const swapped = (cells: Cells): Cells => (options.swap ? cells : []);
  const rows = measured.sort(byUse(options.sortBy)).map(({ name, used }) => {
    const { cpu = '0', memory = '0', swap = '0' } = whole.get(name) ?? {};
    const offered = usedOf({ cpu, memory, swap });
    const swaps = used.swap === undefined ? [unknown, unknown] : [mebibytes(used.swap), share(used.swap, offered.swap ?? 0)];
    return [name, cpuText(used), share(used.cpu, offered.cpu), memoryText(used), share(used.memory, offered.memory), ...swapped(swaps)];
  });
  const names = new Set(measured.map(({ name }) => name));
  const missing = [...whole.keys()]
    .filter((name) => !names.has(name))
    .map((name) => [name, ...Array.from({ length: options.swap ? 6 : 4 }, () => unknown)]);
  const header = ['NAME', 'CPU(cores)', 'CPU(%)', 'MEMORY(bytes)', 'MEMORY(%)', ...swapped(['SWAP(bytes)', 'SWAP(%)'])];
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
  const amounts = (used: Used): Cells => [cpuText(used), memoryText(used), ...(options.swap ? [mebibytes(used.swap ?? 0)] : [])];
  pods.sort((a, b) => (options.namespaces && options.sortBy === '' ? compare(a.namespace, b.namespace) : 0) || order(a, b));
  const rows = pods.flatMap(({ name, namespace, containers, used }) => {
    const head = [...(options.namespaces ? [namespace] : []), name];
    if (!options.containers) return [[...head, ...amounts(used)]];
    return containers.sort(order).map((one) => [...head, one.name, ...amounts(one.used)]);
  });
  const header = [
    ...(options.namespaces ? ['NAMESPACE'] : []),
    ...(options.containers ? ['POD'] : []),
    'NAME',
    'CPU(cores)',
    'MEMORY(bytes)',
    ...(options.swap ? ['SWAP(bytes)'] : []),
  ];
  const total = pods.map(({ used }) => used).reduce(add, nothing);
  return [...(options.headers ? [header] : []), ...rows, ...(options.sum ? sumRows(header.length - 2, amounts(total)) : [])];
}

/** As upstream has it, sums of swap memory stand a column too far to the right, the last without a line above. */
function sumRows(names: number, total: Cells): Cells[] {
  const empty = Array.from({ length: names }, () => '');
  return [
    [...empty, '________', '________'],
    [...empty, ...total],
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
