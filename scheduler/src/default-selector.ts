import { type LabelSelectorMatcher, labelSelectorMatcher, labelsSelector } from '@keelson/machinery';
import type { LabelSelector, Pod, Service } from '@keelson/types';
import type { DefaultSelector } from './plugins/types.ts';

/** What tells which pods are of a kind with a pod: Services of its namespace, and its owner's selector. */
export interface Owners {
  services(namespace: string): readonly Service[];
  /** The selector of a ReplicaSet, StatefulSet or ReplicationController. */
  selectorOf(kind: string, namespace: string, name: string): LabelSelector | undefined;
}

/** All selectors of the pod's Services and owner together; undefined when there is none. Default spreading goes by it. */
export function defaultSelector(pod: Pod, owners: Owners): DefaultSelector | undefined {
  const namespace = pod.metadata.namespace ?? '';
  const labels = pod.metadata.labels ?? {};
  const matchers: LabelSelectorMatcher[] = [];
  for (const { spec } of owners.services(namespace)) {
    if (!spec?.selector || Object.keys(spec.selector).length === 0) continue;
    const matcher = labelsSelector(spec.selector);
    if (matcher.matches(labels)) matchers.push(matcher);
  }
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller);
  const owned = owner && owners.selectorOf(owner.kind, namespace, owner.name);
  if (owned) matchers.push(labelSelectorMatcher(owned));
  if (matchers.length === 0) return undefined;
  return { key: matchers.map(String).join(' '), matches: (other) => matchers.every((matcher) => matcher.matches(other)) };
}
