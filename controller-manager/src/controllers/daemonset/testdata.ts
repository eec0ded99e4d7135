import type { DaemonSet, DaemonSetSpec, Node, ObjectMeta, Pod, PodSpec, Taint } from '@keelson/types';
import { type View, viewOf } from './plan.ts';

export const hash = 'new';
export const labels = { app: 'agent' };

/** A DaemonSet of one container. */
export function daemonSet(
  spec: Partial<DaemonSetSpec> = {},
  template: Partial<PodSpec> = {},
  metadata: Partial<ObjectMeta> = {},
): DaemonSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'agent', namespace: 'default', uid: 'set', generation: 1, ...metadata },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'agent:1' }], ...template } },
      ...spec,
    },
  };
}

export function node(name: string, { labels: own, taints }: { labels?: Record<string, string>; taints?: Taint[] } = {}): Node {
  return { metadata: { name, labels: own }, spec: { taints }, status: {} };
}

/** `count` nodes, n1 and on. */
export function nodes(count: number): Node[] {
  return Array.from({ length: count }, (_, index) => node(`n${index + 1}`));
}

export interface DaemonParts {
  /** The hash it carries: the present one's unless told. */
  readonly of?: string;
  /** Since when it is ready; never, unless told. */
  readonly ready?: string;
  readonly phase?: string;
  /** More of its metadata. */
  readonly metadata?: Partial<ObjectMeta>;
}

/** A daemon on a node, named after its hash and its node. */
export function daemon(on: string, { of = hash, ready, phase = 'Running', metadata }: DaemonParts = {}): Pod {
  const conditions = ready ? [{ type: 'Ready', status: 'True', lastTransitionTime: ready }] : [];
  return {
    metadata: {
      name: `${of}-${on}`,
      namespace: 'default',
      creationTimestamp: readySince,
      labels: { ...labels, 'controller-revision-hash': of },
      ...metadata,
    },
    spec: { nodeName: on, containers: [] },
    status: { phase, conditions },
  };
}

export const readySince = '2026-01-01T00:00:00Z';
export const now = Date.parse(readySince) + 60_000;

export function view(set: DaemonSet, on: readonly Node[], pods: readonly Pod[], at = now): View {
  return viewOf(set, pods, on, { hash, now: at });
}

export function names(pods: readonly Pod[]): (string | undefined)[] {
  return pods.map(({ metadata }) => metadata.name);
}
