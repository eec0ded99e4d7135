import { isControlledBy, isPodTerminating, labelSelectorMatcher } from '@keelson/machinery';
import { type LabelSelector, type ObjectMeta, Pod } from '@keelson/types';
import type { Cluster } from '../cluster.ts';
import { field } from './lines.ts';

interface Owner {
  readonly metadata: ObjectMeta;
  readonly spec?: { readonly selector?: LabelSelector };
}

/** The pods that a controller has, those that are ending left out. */
export async function podsOf(cluster: Cluster, { metadata, spec }: Owner): Promise<Pod[]> {
  const labelSelector = labelSelectorMatcher(spec?.selector).toString();
  const { items } = await cluster.api.list(Pod, { namespace: metadata.namespace, labelSelector });
  return items.filter((pod) => isControlledBy(pod.metadata, metadata) && !isPodTerminating(pod));
}

export function podCounts(pods: readonly Pod[]): string {
  const count = (phase: string): number => pods.filter((pod) => pod.status?.phase === phase).length;
  const counts = `${count('Running')} Running / ${count('Pending')} Waiting / ${count('Succeeded')} Succeeded / ${count('Failed')} Failed`;
  return field(0, 'Pods Status', counts);
}
