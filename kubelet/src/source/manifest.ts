import { createHash } from 'node:crypto';
import type { Pod } from '@keelson/types';
import { parse } from 'yaml';
import { annotations } from '../pod/annotations.ts';
import { compact } from '../pod/naming.ts';

/**
 * The pod of a manifest file as it runs on this node: named `<name>-<node>`, with a uid from its content, so that a changed file is
 * another pod. @throws Error when the file holds no pod.
 */
export function staticPod(text: string, file: string, nodeName: string, seen: string): Pod {
  const pod = parse(text) as Pod | null;
  if (pod?.kind !== 'Pod' || pod.apiVersion !== 'v1' || !pod.metadata?.name || !pod.spec?.containers?.length) {
    throw new Error(`${file}: not a v1 Pod with a name and containers`);
  }
  const hash = createHash('md5').update(nodeName).update(file).update(JSON.stringify(pod)).digest('hex');
  const tolerations = [...(pod.spec.tolerations ?? []), { operator: 'Exists', effect: 'NoExecute' }];
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      name: `${pod.metadata.name}-${nodeName}`.toLowerCase(),
      namespace: pod.metadata.namespace ?? 'default',
      uid: hash,
      annotations: {
        ...pod.metadata.annotations,
        [annotations.configHash]: hash,
        [annotations.configSeen]: seen,
        [annotations.configSource]: 'file',
      },
    },
    spec: { ...pod.spec, nodeName, tolerations, enableServiceLinks: pod.spec.enableServiceLinks ?? true },
    status: { phase: 'Pending' },
  } as Pod;
}

/** What the API server is given to show for a static pod. `nodeUid`: of the Node object that owns it. */
export function mirrorOf(pod: Pod, nodeName: string, nodeUid: string | undefined): Pod {
  const { uid: _, ...metadata } = pod.metadata ?? {};
  const owner = nodeUid && { apiVersion: 'v1', kind: 'Node', name: nodeName, uid: nodeUid, controller: true };
  const hash = metadata.annotations?.[annotations.configHash] ?? '';
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: compact({
      ...metadata,
      annotations: { ...metadata.annotations, [annotations.configMirror]: hash },
      ownerReferences: owner ? [owner] : undefined,
    }),
    spec: pod.spec,
  } as Pod;
}
