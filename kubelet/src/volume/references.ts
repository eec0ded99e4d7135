import type { Pod, ServiceAccountTokenProjection, Volume } from '@keelson/types';
import { podSpec } from '../pod/containers.ts';

export interface TokenWish {
  readonly audience: string;
  readonly expirationSeconds: number;
}

/** The token that a projection shows; it lives an hour unless told. */
export function tokenWish({ audience = '', expirationSeconds = 3600 }: ServiceAccountTokenProjection): TokenWish {
  return { audience, expirationSeconds: Number(expirationSeconds) };
}

/** Tells a pod's tokens apart. */
export const tokenKey = ({ audience, expirationSeconds }: TokenWish): string => `${audience} ${expirationSeconds}`;

/** The objects a pod's volumes and variables name, in its namespace. */
export interface References {
  readonly configMaps: ReadonlySet<string>;
  readonly secrets: ReadonlySet<string>;
  readonly tokens: readonly TokenWish[];
}

/** Everything that the pod's file volumes show. */
export function volumeReferences(pod: Pod): References {
  const configMaps = new Set<string>();
  const secrets = new Set<string>();
  const tokens: TokenWish[] = [];
  for (const volume of podSpec(pod).volumes ?? []) {
    if (volume.configMap?.name) configMaps.add(volume.configMap.name);
    if (volume.secret?.secretName) secrets.add(volume.secret.secretName);
    for (const source of volume.projected?.sources ?? []) {
      if (source.configMap?.name) configMaps.add(source.configMap.name);
      if (source.secret?.name) secrets.add(source.secret.name);
      if (source.serviceAccountToken) tokens.push(tokenWish(source.serviceAccountToken));
    }
  }
  return { configMaps, secrets, tokens };
}

/** Everything that the variables of the pod's containers are taken from. */
export function envReferences(pod: Pod): References {
  const configMaps = new Set<string>();
  const secrets = new Set<string>();
  const spec = podSpec(pod);
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])]) {
    for (const { configMapRef, secretRef } of container.envFrom ?? []) {
      if (configMapRef?.name) configMaps.add(configMapRef.name);
      if (secretRef?.name) secrets.add(secretRef.name);
    }
    for (const { valueFrom } of container.env ?? []) {
      if (valueFrom?.configMapKeyRef?.name) configMaps.add(valueFrom.configMapKeyRef.name);
      if (valueFrom?.secretKeyRef?.name) secrets.add(valueFrom.secretKeyRef.name);
    }
  }
  return { configMaps, secrets, tokens: [] };
}

/** Whether what a volume shows can change while its pod runs. */
export function isLive(volume: Volume): boolean {
  return [volume.configMap, volume.secret, volume.projected, volume.downwardAPI].some((source) => source !== undefined);
}
