import { isControlledBy } from '@keelson/machinery';
import { type Deployment, type PodTemplateSpec, ReplicaSet } from '@keelson/types';
import type { Cluster } from '../../cluster.ts';
import type { AnyObject } from '../../types.ts';

const revisionAnnotation = 'deployment.kubernetes.io/revision';
export const changeCause = 'kubernetes.io/change-cause';

/** One version of a workload's pod template. */
export interface Revision {
  readonly number: number;
  readonly cause: string;
  readonly template: PodTemplateSpec;
  /** The annotations of its ReplicaSet. */
  readonly annotations: Readonly<Record<string, string>>;
  /** What `-o` prints of it: the ReplicaSet, or the workload as it was then. */
  readonly object: AnyObject;
}

/** The revisions of a Deployment, oldest first: those of the ReplicaSets it controls. */
export async function deploymentRevisions(cluster: Cluster, deployment: Deployment): Promise<Revision[]> {
  const { namespace } = deployment.metadata;
  const labels = deployment.spec?.selector?.matchLabels ?? {};
  const labelSelector = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  const { items } = await cluster.api.list(ReplicaSet, { namespace, labelSelector });
  return revisionsOf(deployment, items);
}

export function revisionsOf(deployment: Deployment, sets: readonly ReplicaSet[]): Revision[] {
  return sets
    .filter(({ metadata }) => isControlledBy(metadata, deployment.metadata))
    .flatMap((set) => {
      const { metadata, spec } = set;
      const annotations = metadata.annotations ?? {};
      const number = Number(annotations[revisionAnnotation] ?? 0);
      if (!spec?.template) return [];
      const object = { ...set, apiVersion: ReplicaSet.apiVersion, kind: ReplicaSet.kind } as unknown as AnyObject;
      return [{ number, cause: annotations[changeCause] ?? '', template: spec.template, annotations, object }];
    })
    .sort((a, b) => a.number - b.number);
}

/** The table of `rollout history`. */
export function historyText(revisions: readonly Revision[]): string {
  const lines = revisions.map(({ number, cause }) => `${number}\t${cause || '<none>'}`);
  return ['REVISION\tCHANGE-CAUSE', ...lines, ''].join('\n');
}

/**
 * The revision to go back to: `wanted`, else the one before the latest.
 * @throws Error in kubectl's words when there is none.
 */
export function revisionToRestore(revisions: readonly Revision[], wanted: number, name = ''): Revision {
  const found = wanted === 0 ? revisions.at(-2) : revisions.find(({ number }) => number === wanted);
  if (found) return found;
  throw new Error(
    wanted !== 0
      ? `unable to find specified revision ${wanted} in history`
      : `no rollout history found for deployment ${JSON.stringify(name)}`,
  );
}

/** The template without what the controller put in it. */
export function cleanTemplate(template: PodTemplateSpec): PodTemplateSpec {
  const { 'pod-template-hash': _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}
