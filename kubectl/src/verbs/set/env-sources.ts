import { ConfigMap, type EnvVarSource, Secret } from '@keelson/types';
import type { Cluster } from '../../cluster.ts';

/** Where a variable's value comes from, in kubectl's words. */
export function sourceText({ configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef }: EnvVarSource): string {
  if (configMapKeyRef) return `configmap ${configMapKeyRef.name}, key ${configMapKeyRef.key}`;
  if (secretKeyRef) return `secret ${secretKeyRef.name}, key ${secretKeyRef.key}`;
  if (fieldRef) return `field path ${fieldRef.fieldPath}`;
  if (!resourceFieldRef) return 'invalid valueFrom';
  const container = resourceFieldRef.containerName ? `${resourceFieldRef.containerName}/` : '';
  return `resource field ${container}${resourceFieldRef.resource}`;
}

/** The value a ConfigMap or a Secret holds; undefined for what only a running container has. @throws ApiError when it is not there. */
export async function heldValue(cluster: Cluster, { configMapKeyRef, secretKeyRef }: EnvVarSource): Promise<string | undefined> {
  const { namespace } = cluster;
  if (configMapKeyRef) {
    const { data = {} } = await cluster.api.get(ConfigMap, { name: configMapKeyRef.name ?? '', namespace });
    return data[configMapKeyRef.key];
  }
  if (!secretKeyRef) return undefined;
  const { data = {} } = await cluster.api.get(Secret, { name: secretKeyRef.name ?? '', namespace });
  const bytes = data[secretKeyRef.key];
  return bytes === undefined ? undefined : Buffer.from(bytes, 'base64').toString();
}
