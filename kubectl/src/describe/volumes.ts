import { canonicalQuantity, parseQuantity } from '@keelson/machinery';
import type { Volume } from '@keelson/types';
import { claimTemplateLines } from './claims.ts';
import { diskLines } from './disks.ts';
import { field, type Lines, labelLines } from './lines.ts';

/** The volumes of a pod or template. */
export function volumesLines(volumes: readonly Volume[] | undefined, inTemplate: boolean): Lines {
  const space = inTemplate ? '  ' : '';
  if (!volumes || volumes.length === 0) return [`${space}Volumes:\t<none>`];
  return [`${space}Volumes:`, ...volumes.flatMap((volume) => [`  ${inTemplate ? ' ' : ''}${volume.name}:`, ...sourceLines(volume)])];
}

function sourceLines(volume: Volume): Lines {
  return objectLines(volume) ?? claimedLines(volume) ?? diskLines(volume, false) ?? ['  <unknown>'];
}

/** What the node itself makes, of nothing or of API objects. */
function objectLines({ emptyDir, configMap, secret, projected, downwardAPI, gitRepo, image }: Volume): Lines | undefined {
  if (emptyDir) {
    const { medium, sizeLimit = '0' } = emptyDir;
    const limit = parseQuantity(sizeLimit).nanos > 0n ? canonicalQuantity(sizeLimit) : '<unset>';
    const type = "EmptyDir (a temporary directory that shares a pod's lifetime)";
    return [field(2, 'Type', type), field(2, 'Medium', medium), field(2, 'SizeLimit', limit)];
  }
  if (configMap) {
    const type = 'ConfigMap (a volume populated by a ConfigMap)';
    return [field(2, 'Type', type), field(2, 'Name', configMap.name), field(2, 'Optional', configMap.optional ?? false)];
  }
  if (secret) {
    const type = 'Secret (a volume populated by a Secret)';
    return [field(2, 'Type', type), field(2, 'SecretName', secret.secretName), field(2, 'Optional', secret.optional ?? false)];
  }
  if (projected) return projectedLines(projected);
  if (downwardAPI) {
    const items = (downwardAPI.items ?? []).map(
      ({ fieldRef, resourceFieldRef, path }) => `      ${fieldRef?.fieldPath ?? resourceFieldRef?.resource ?? ''} -> ${path}`,
    );
    return [field(2, 'Type', 'DownwardAPI (a volume populated by information about the pod)'), '    Items:', ...items];
  }
  if (gitRepo) {
    const type = 'GitRepo (a volume that is pulled from git when the pod is created)';
    return [field(2, 'Type', type), field(2, 'Repository', gitRepo.repository), field(2, 'Revision', gitRepo.revision)];
  }
  if (!image) return undefined;
  const type = 'Image (a container image or OCI artifact)';
  return [field(2, 'Type', type), field(2, 'Reference', image.reference), field(2, 'PullPolicy', image.pullPolicy)];
}

/** What a claim or a driver provides. */
function claimedLines({ persistentVolumeClaim, ephemeral, csi }: Volume): Lines | undefined {
  if (persistentVolumeClaim) {
    const { claimName, readOnly = false } = persistentVolumeClaim;
    const type = 'PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)';
    return [field(2, 'Type', type), field(2, 'ClaimName', claimName), field(2, 'ReadOnly', readOnly)];
  }
  if (ephemeral) {
    const type = 'EphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)';
    return [field(2, 'Type', type), ...(ephemeral.volumeClaimTemplate ? claimTemplateLines(ephemeral.volumeClaimTemplate) : [])];
  }
  if (!csi) return undefined;
  const { driver, fsType, readOnly = false, volumeAttributes } = csi;
  return [
    field(2, 'Type', csiType),
    field(2, 'Driver', driver),
    field(2, 'FSType', fsType),
    field(2, 'ReadOnly', readOnly),
    ...attributeLines(volumeAttributes),
  ];
}

/** Upstream puts them further in than it puts their absence. */
export function attributeLines(attributes: Readonly<Record<string, string>> = {}): Lines {
  return labelLines(2, attributes, 'VolumeAttributes', Object.keys(attributes).length > 0 ? '    ' : '');
}

export const csiType = 'CSI (a Container Storage Interface (CSI) volume source)';

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
