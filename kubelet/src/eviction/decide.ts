import type { Pod } from '@keelson/types';
import { podSpec } from '../pod/containers.ts';
import { qosClass } from '../pod/qos.ts';

/** What a node has left. */
export interface NodeResources {
  readonly memoryAvailable: number;
  readonly memoryTotal: number;
  readonly diskAvailable: number;
  readonly diskTotal: number;
  readonly imageAvailable: number;
  readonly imageTotal: number;
  readonly pidsAvailable: number;
  readonly pidsTotal: number;
}

/** `--eviction-hard`: by signal, bytes (`100Mi`) or a share (`10%`). */
export type Thresholds = Readonly<Record<string, { readonly amount: number; readonly share: boolean }>>;

export interface Pressures {
  readonly memory: boolean;
  readonly disk: boolean;
  readonly pid: boolean;
}

const signals: Readonly<Record<string, (node: NodeResources) => readonly [available: number, total: number]>> = {
  'memory.available': (node) => [node.memoryAvailable, node.memoryTotal],
  'nodefs.available': (node) => [node.diskAvailable, node.diskTotal],
  'imagefs.available': (node) => [node.imageAvailable, node.imageTotal],
  'pid.available': (node) => [node.pidsAvailable, node.pidsTotal],
};

/** @throws Error naming the threshold that is none. */
export function parseThresholds(text: string, quantity: (text: string) => number): Thresholds {
  const entries = text.split(',').filter(Boolean);
  return Object.fromEntries(
    entries.map((entry) => {
      const [signal = '', value = ''] = entry.split('<');
      const share = value.endsWith('%');
      const amount = share ? Number(value.slice(0, -1)) / 100 : quantity(value);
      if (Number.isNaN(amount)) throw new Error(`invalid eviction threshold ${JSON.stringify(entry)}`);
      return [signal, { amount, share }];
    }),
  );
}

/** The signals below their thresholds. */
export function crossed(node: NodeResources, thresholds: Thresholds): readonly string[] {
  return Object.entries(thresholds).flatMap(([signal, { amount, share }]) => {
    const [available, total] = signals[signal]?.(node) ?? [0, 0];
    return total > 0 && available < (share ? amount * total : amount) ? [signal] : [];
  });
}

export function pressuresOf(crossedSignals: readonly string[]): Pressures {
  return {
    memory: crossedSignals.includes('memory.available'),
    disk: crossedSignals.some((signal) => signal === 'nodefs.available' || signal === 'imagefs.available'),
    pid: crossedSignals.includes('pid.available'),
  };
}

export interface Candidate {
  readonly pod: Pod;
  readonly memoryBytes: number;
  /** What it asked for. */
  readonly memoryRequest: number;
}

const criticalPriority = 2_000_000_000;

/** The pod to go first: one that uses more than it asked for, then the lowest priority, then the furthest above its request. Pure. */
export function chooseVictim(candidates: readonly Candidate[]): Candidate | undefined {
  const open = candidates.filter(({ pod }) => Number(podSpec(pod).priority ?? 0) < criticalPriority);
  const excess = ({ memoryBytes, memoryRequest }: Candidate): number => memoryBytes - memoryRequest;
  const rank = { BestEffort: 0, Burstable: 1, Guaranteed: 2 } as const;
  return [...open].sort(
    (a, b) =>
      Number(excess(b) > 0) - Number(excess(a) > 0) ||
      Number(podSpec(a.pod).priority ?? 0) - Number(podSpec(b.pod).priority ?? 0) ||
      rank[qosClass(a.pod)] - rank[qosClass(b.pod)] ||
      excess(b) - excess(a),
  )[0];
}

/** The message of an evicted pod's status. */
export function evictionMessage(signal: string): string {
  const resource = { 'memory.available': 'memory', 'pid.available': 'pids' }[signal] ?? 'ephemeral-storage';
  return `The node was low on resource: ${resource}. `;
}
