import { type Identity, type NodeParts, node, type PodParts, pod } from '@keelson/testing';
import type { DaemonSet, DaemonSetSpec, Node, Pod, PodSpec } from '@keelson/types';
import { type View, viewOf } from './plan.ts';

export const hash = 'new';
export const labels = { app: 'agent' };

/** A DaemonSet of one container. */
export function daemonSet(spec: Partial<DaemonSetSpec> = {}, template: Partial<PodSpec> = {}, identity: Identity = {}): DaemonSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'agent', namespace: 'default', uid: 'set', generation: 1, ...identity.metadata },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'agent:1' }], ...template } },
      ...spec,
    },
  };
}

/** `count` nodes, n1 and on. */
export function nodes(count: number, parts: NodeParts = {}): Node[] {
  return Array.from({ length: count }, (_, index) => node({ name: `n${index + 1}`, ...parts }));
}

export interface DaemonParts extends PodParts {
  /** The hash it carries: the present one's unless told. */
  readonly of?: string;
  /** Since when it is ready; never, unless told. */
  readonly ready?: string;
  readonly phase?: string;
}

/** A daemon on a node. */
export function daemon(on: string, { of = hash, ready, phase = 'Running', ...parts }: DaemonParts = {}): Pod {
  const conditions = ready ? [{ type: 'Ready', status: 'True', lastTransitionTime: ready }] : [];
  return pod({
    name: `${of}-${on}`,
    node: on,
    labels: { ...labels, 'controller-revision-hash': of },
    status: { phase, conditions },
    ...parts,
  });
}

export const readySince = '2026-01-01T00:00:00Z';
export const now = Date.parse(readySince) + 60_000;

export function view(set: DaemonSet, on: readonly Node[], pods: readonly Pod[], at = now): View {
  return viewOf(set, pods, on, { hash, now: at });
}

export function names(pods: readonly Pod[]): (string | undefined)[] {
  return pods.map(({ metadata }) => metadata.name);
}
