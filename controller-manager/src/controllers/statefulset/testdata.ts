import {
  type ControllerRevision,
  type PersistentVolumeClaim,
  type Pod,
  StatefulSet,
  type StatefulSetSpec,
  type StatefulSetStatus,
} from '@keelson/types';
import { type Revised, revisionFor } from '../../revisions/plan.ts';
import { podFor } from './pods.ts';
import type { Step, View } from './types.ts';

export const labels = { app: 'db' };
export const now = Date.parse('2026-01-01T01:00:00Z');
export const longAgo = '2026-01-01T00:00:00Z';

/** A StatefulSet `db` of 3 pods. */
export function statefulSet(spec: Partial<StatefulSetSpec> = {}, status?: Partial<StatefulSetStatus>): StatefulSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db', namespace: 'default', uid: 'set', generation: 1 },
    spec: {
      replicas: 3,
      serviceName: 'db',
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'db:2' }] } },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      ...spec,
    },
    ...(status ? { status: { replicas: 0, ...status } } : {}),
  };
}

function revision(name: string, image: string, number: number): ControllerRevision {
  const { metadata, spec } = statefulSet();
  const template = { ...spec.template, spec: { containers: [{ name: 'main', image }] } };
  const owner: Revised = { metadata, kind: StatefulSet, template, hashLabel: 'hash', collisionCount: 0 };
  return { ...revisionFor(owner, number), metadata: { name } };
}

export const old = revision('db-old', 'db:1', 1);
export const fresh = revision('db-new', 'db:2', 2);

/** What a pod is like: ready, running and not ready, pending, failed, or on its way out. */
export type Like = 'ready' | 'running' | 'pending' | 'failed' | 'leaving';

const phases: Readonly<Record<Like, string>> = {
  ready: 'Running',
  running: 'Running',
  pending: 'Pending',
  failed: 'Failed',
  leaving: 'Running',
};

/** A pod of an ordinal and a revision. */
export function member(set: StatefulSet, ordinal: number, like: Like = 'ready', of = fresh): Pod {
  const made = podFor(set, ordinal, set.spec.template, of.metadata.name ?? '');
  const conditions = like === 'ready' || like === 'leaving' ? [{ type: 'Ready', status: 'True', lastTransitionTime: longAgo }] : [];
  const metadata = { ...made.metadata, uid: `uid-${ordinal}`, ...(like === 'leaving' ? { deletionTimestamp: longAgo } : {}) };
  return { ...made, metadata, status: { phase: phases[like], conditions } };
}

export function view(set: StatefulSet, pods: readonly Pod[], claims: readonly PersistentVolumeClaim[] = []): View {
  const byName = new Map(claims.map((claim) => [claim.metadata.name, claim]));
  return { set, pods, current: old, update: fresh, claim: (name) => byName.get(name), now };
}

/** `create db-0`, `delete db-2`, … */
export function told(steps: readonly Step[]): string[] {
  return steps.map((step) => `${step.type} ${(step.type === 'retain' ? step.claim : step.pod).metadata.name}`);
}
