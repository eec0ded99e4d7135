import { newControllerRef } from '@keelson/machinery';
import type { Kind, ObjectMeta, Pod, PodTemplateSpec } from '@keelson/types';

/** A new pod of a template, controlled by its owner, under a name that the server makes. */
export function podFrom(template: PodTemplateSpec | undefined, owner: ObjectMeta, ownerKind: Kind<unknown>): Pod {
  const { labels, annotations, finalizers } = template?.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: generatePrefix(owner.name ?? ''),
      namespace: owner.namespace,
      labels,
      annotations,
      finalizers,
      ownerReferences: [newControllerRef(owner, ownerKind)],
    },
    spec: template?.spec ?? { containers: [] },
  };
}

/** Room for five random characters in a name of at most 63. */
const longestPrefix = 58;

function generatePrefix(name: string): string {
  return `${name}-`.slice(0, longestPrefix);
}
