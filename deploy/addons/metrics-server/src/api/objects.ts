import { formatGoDuration, rfc3339 } from '@keelson/base';
import { formatQuantity } from '@keelson/machinery';
import type { Node, Pod } from '@keelson/types';
import type { Usage } from '../usage/window.ts';

export const group = 'metrics.k8s.io';
export const version = 'v1beta1';
export const apiVersion = `${group}/${version}`;

export interface Amounts {
  readonly cpu: string;
  readonly memory: string;
}

interface Common {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly creationTimestamp: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly timestamp: string;
  readonly window: string;
}

export interface NodeMetrics extends Common {
  readonly usage: Amounts;
}

export interface PodMetrics extends Common {
  readonly containers: readonly { readonly name: string; readonly usage: Amounts }[];
}

type Named = Pick<Pod | Node, 'metadata'>;

export function nodeMetrics(node: Named, usage: Usage, now: number): NodeMetrics {
  return { ...common(node, usage, now), usage: amounts(usage) };
}

/** A pod's window is that of the container measured longest ago. */
export function podMetrics(pod: Named, usages: ReadonlyMap<string, Usage>, now: number): PodMetrics {
  const [oldest] = [...usages.values()].sort((a, b) => a.at - b.at);
  const containers = [...usages].map(([name, usage]) => ({ name, usage: amounts(usage) }));
  return { ...common(pod, oldest ?? { at: now, window: 0 }, now), containers };
}

function common({ metadata }: Named, { at, window }: Pick<Usage, 'at' | 'window'>, now: number): Common {
  const { name = '', namespace, labels } = metadata;
  return {
    metadata: {
      name,
      ...(namespace ? { namespace } : {}),
      creationTimestamp: rfc3339(now),
      ...(labels && Object.keys(labels).length > 0 ? { labels } : {}),
    },
    timestamp: rfc3339(at),
    window: formatGoDuration(window),
  };
}

/** CPU in billionths of a core, memory with a binary suffix where it fits, as metrics-server writes them. */
function amounts({ cores, memoryBytes }: Usage): Amounts {
  return {
    cpu: formatQuantity({ nanos: BigInt(Math.round(cores * 1e9)), format: 'DecimalSI' }),
    memory: formatQuantity({ nanos: BigInt(Math.round(memoryBytes)) * 1_000_000_000n, format: 'BinarySI' }),
  };
}
