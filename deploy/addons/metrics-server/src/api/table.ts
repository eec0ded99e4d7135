import { addQuantities, formatQuantity, parseQuantity } from '@keelson/machinery';
import type { Amounts, NodeMetrics, PodMetrics } from './objects.ts';

const columnDefinitions = [
  { name: 'Name', type: 'string', format: 'name', description: 'Name of the resource', priority: 0 },
  { name: 'cpu', type: 'string', format: 'quantity', description: '', priority: 0 },
  { name: 'memory', type: 'string', format: 'quantity', description: '', priority: 0 },
  { name: 'Window', type: 'string', format: 'duration', description: '', priority: 0 },
];

/** The rows that `kubectl get` prints; a pod's amounts are those of its containers together. */
export function metricsTable(items: readonly (NodeMetrics | PodMetrics)[], apiVersion: string): object {
  const rows = items.map(({ metadata, window, ...item }) => {
    const usage = 'usage' in item ? item.usage : total(item.containers.map((container) => container.usage));
    const object = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
    return { cells: [metadata.name, usage.cpu, usage.memory, window], object };
  });
  return { kind: 'Table', apiVersion, metadata: {}, columnDefinitions, rows };
}

function total(all: readonly Amounts[]): Amounts {
  const sum = (texts: readonly string[]): string =>
    formatQuantity(texts.map(parseQuantity).reduce(addQuantities, { nanos: 0n, format: 'DecimalSI' }));
  const [first] = all;
  if (all.length === 1 && first) return first;
  return { cpu: sum(all.map(({ cpu }) => cpu)), memory: sum(all.map(({ memory }) => memory)) };
}
