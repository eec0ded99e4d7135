import type { Volume } from '@keelson/types';
import { field, type Lines } from './lines.ts';

/** The volumes of a pod or template. */
export function volumesLines(volumes: readonly Volume[] | undefined, inTemplate: boolean): Lines {
  const space = inTemplate ? '  ' : '';
  if (!volumes || volumes.length === 0) return [`${space}Volumes:\t<none>`];
  return [`${space}Volumes:`, ...volumes.flatMap((volume) => [`  ${inTemplate ? ' ' : ''}${volume.name}:`, ...sourceLines(volume)])];
}

function sourceLines(volume: Volume): Lines {
  const { emptyDir, hostPath, configMap, secret, projected, persistentVolumeClaim, downwardAPI, nfs } = volume;
  if (emptyDir) {
    const type = "EmptyDir (a temporary directory that shares a pod's lifetime)";
    return [field(2, 'Type', type), field(2, 'Medium', emptyDir.medium), field(2, 'SizeLimit', emptyDir.sizeLimit ?? '<unset>')];
  }
  if (hostPath) {
    return [
      field(2, 'Type', 'HostPath (bare host directory volume)'),
      field(2, 'Path', hostPath.path),
      field(2, 'HostPathType', hostPath.type),
    ];
  }
  if (configMap) {
    return [
      field(2, 'Type', 'ConfigMap (a volume populated by a ConfigMap)'),
      field(2, 'Name', configMap.name),
      field(2, 'Optional', configMap.optional ?? false),
    ];
  }
  if (secret) {
    return [
      field(2, 'Type', 'Secret (a volume populated by a Secret)'),
      field(2, 'SecretName', secret.secretName),
      field(2, 'Optional', secret.optional ?? false),
    ];
  }
  if (projected) return projectedLines(projected);
  if (persistentVolumeClaim) {
    const { claimName, readOnly = false } = persistentVolumeClaim;
    const type = 'PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)';
    return [field(2, 'Type', type), field(2, 'ClaimName', claimName), field(2, 'ReadOnly', readOnly)];
  }
  if (downwardAPI) {
    const items = (downwardAPI.items ?? []).map(({ fieldRef, path }) => `      ${fieldRef?.fieldPath ?? ''} -> ${path}`);
    return [field(2, 'Type', 'DownwardAPI (a volume populated by information about the pod)'), '    Items:', ...items];
  }
  if (nfs) {
    return [
      field(2, 'Type', 'NFS (an NFS mount that lasts the lifetime of a pod)'),
      field(2, 'Server', nfs.server),
      field(2, 'Path', nfs.path),
      field(2, 'ReadOnly', nfs.readOnly ?? false),
    ];
  }
  const kind = Object.keys(volume).find((key) => key !== 'name');
  return [kind ? field(2, 'Type', kind) : '    <unknown>'];
}

function projectedLines({ sources = [] }: NonNullable<Volume['projected']>): Lines {
  const lines = [field(2, 'Type', 'Projected (a volume that contains injected data from multiple sources)')];
  for (const { secret, configMap, downwardAPI, serviceAccountToken } of sources ?? []) {
    if (secret) lines.push(field(2, 'SecretName', secret.name), field(2, 'Optional', secret.optional ?? false));
    else if (configMap) lines.push(field(2, 'ConfigMapName', configMap.name), field(2, 'Optional', configMap.optional ?? false));
    else if (downwardAPI) lines.push(field(2, 'DownwardAPI', 'true'));
    else if (serviceAccountToken) lines.push(field(2, 'TokenExpirationSeconds', serviceAccountToken.expirationSeconds ?? 3600));
  }
  return lines;
}
