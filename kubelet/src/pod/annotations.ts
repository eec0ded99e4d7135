import type { Container, Pod } from '@keelson/types';

/** Names under which Kubernetes' kubelet labels and annotates what it makes, so that tools over CRI find their way. */
export const labels = {
  podName: 'io.kubernetes.pod.name',
  podNamespace: 'io.kubernetes.pod.namespace',
  podUid: 'io.kubernetes.pod.uid',
  containerName: 'io.kubernetes.container.name',
} as const;

export const annotations = {
  hash: 'io.kubernetes.container.hash',
  restartCount: 'io.kubernetes.container.restartCount',
  terminationMessagePath: 'io.kubernetes.container.terminationMessagePath',
  terminationMessagePolicy: 'io.kubernetes.container.terminationMessagePolicy',
  ports: 'io.kubernetes.container.ports',
  /** What a container was made with, so that a kubelet that starts anew knows what it runs with. */
  resources: 'io.kubernetes.container.resources',
  preStopHandler: 'io.kubernetes.container.preStopHandler',
  podTerminationGracePeriod: 'io.kubernetes.pod.terminationGracePeriod',
  configSource: 'kubernetes.io/config.source',
  configHash: 'kubernetes.io/config.hash',
  configSeen: 'kubernetes.io/config.seen',
  configMirror: 'kubernetes.io/config.mirror',
} as const;

/** Whether a pod is a manifest's on this node. */
export function isStatic(pod: Pod): boolean {
  return pod.metadata?.annotations?.[annotations.configSource] === 'file';
}

/** Changes when the container must be made anew: of a pod's mutable fields only the name's image is one (as in Kubernetes). */
export function containerHash(container: Container): string {
  return fnv32a(JSON.stringify({ name: container.name, image: container.image })).toString(16);
}

/** FNV-1a over UTF-16 code units. */
function fnv32a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
