import type { Pod } from '@keelson/types';

export function podUid(pod: Pod): string {
  return pod.metadata?.uid ?? '';
}

export function podName(pod: Pod): string {
  return pod.metadata?.name ?? '';
}

export function podNamespace(pod: Pod): string {
  return pod.metadata?.namespace ?? '';
}

/** `name_namespace(uid)`: how Kubernetes names a pod in its messages. */
export function podLabel(pod: Pod): string {
  return `${podName(pod)}_${podNamespace(pod)}(${podUid(pod)})`;
}

/** `namespace/name`. */
export function podKey(pod: Pod): string {
  return `${podNamespace(pod)}/${podName(pod)}`;
}

/** `metav1.Time` of milliseconds since the epoch. */
export function rfc3339(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** Leaves out members that are undefined, so that objects compare and serialise as if these had never been named. */
export function compact<T extends object>(value: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T;
}
