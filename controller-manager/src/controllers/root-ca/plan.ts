import { equal } from '@keelson/machinery';
import type { ConfigMap } from '@keelson/types';

export const rootCAName = 'kube-root-ca.crt';

const description =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

/** The ConfigMap a namespace should have, or undefined when the present one is right. */
export function planRootCA(namespace: string, rootCA: string, present: ConfigMap | undefined): ConfigMap | undefined {
  const data = { 'ca.crt': rootCA };
  const annotations = { 'kubernetes.io/description': description };
  if (present && equal(present.data, data) && present.metadata.annotations?.['kubernetes.io/description']) return undefined;
  const metadata = present
    ? { ...present.metadata, annotations: { ...present.metadata.annotations, ...annotations } }
    : { name: rootCAName, namespace, annotations };
  return { apiVersion: 'v1', kind: 'ConfigMap', ...present, metadata, data };
}
