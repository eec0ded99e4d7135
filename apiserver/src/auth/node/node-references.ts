import type { EnvFromSource, EnvVar, PersistentVolume, Pod, Volume } from '@keelson/types';

/** An object by resource and key: `secrets team/key`, `persistentvolumes disk`. */
export type Reference = string;

export function referenceTo(resource: string, namespace: string | undefined, name: string): Reference {
  return namespace ? `${resource} ${namespace}/${name}` : `${resource} ${name}`;
}

const mirror = 'kubernetes.io/config.mirror';

/** What a kubelet may read because it runs the pod: the pod, and unless it only mirrors a file of the node, all that it names. */
export function referencesOf(pod: Pod): Reference[] {
  const { name = '', namespace = '', annotations } = pod.metadata;
  const own = referenceTo('pods', namespace, name);
  if (annotations?.[mirror] !== undefined) return [own];
  return [own, ...namedBy(pod).map(([resource, other]) => referenceTo(resource, namespace, other))];
}

/** A resource, and the name of one in the pod's namespace. */
type Named = readonly [resource: string, name: string];
type MayName = readonly [resource: string, name: string | undefined];

/** Objects of its namespace that a pod names. */
export function namedBy({ metadata, spec, status }: Pod): Named[] {
  const containers = [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])];
  const all: readonly MayName[] = [
    ['serviceaccounts', spec.serviceAccountName],
    ...(spec.imagePullSecrets ?? []).map(({ name }): MayName => ['secrets', name]),
    ...containers.flatMap(({ env = [], envFrom = [] }) => [...env.flatMap(ofVariable), ...envFrom.flatMap(ofVariables)]),
    ...(spec.volumes ?? []).flatMap((volume) => ofVolume(volume, metadata.name ?? '')),
    ...(spec.resourceClaims ?? []).map(({ resourceClaimName }): MayName => ['resourceclaims', resourceClaimName]),
    ...(status?.resourceClaimStatuses ?? []).map(({ resourceClaimName }): MayName => ['resourceclaims', resourceClaimName]),
    ['resourceclaims', status?.extendedResourceClaimStatus?.resourceClaimName],
  ];
  return all.flatMap(([resource, name]): Named[] => (name ? [[resource, name]] : []));
}

function ofVariable({ valueFrom }: EnvVar): MayName[] {
  return [
    ['secrets', valueFrom?.secretKeyRef?.name],
    ['configmaps', valueFrom?.configMapKeyRef?.name],
  ];
}

function ofVariables({ secretRef, configMapRef }: EnvFromSource): MayName[] {
  return [
    ['secrets', secretRef?.name],
    ['configmaps', configMapRef?.name],
  ];
}

function ofVolume(volume: Volume, pod: string): MayName[] {
  const secrets = [
    volume.secret?.secretName,
    volume.azureFile?.secretName,
    volume.csi?.nodePublishSecretRef?.name,
    ...[volume.cephfs, volume.cinder, volume.flexVolume, volume.iscsi, volume.rbd, volume.scaleIO, volume.storageos].map(
      (source) => source?.secretRef?.name,
    ),
  ];
  return [
    ...secrets.map((name): MayName => ['secrets', name]),
    ['configmaps', volume.configMap?.name],
    ...(volume.projected?.sources ?? []).flatMap(({ secret, configMap }): MayName[] => [
      ['secrets', secret?.name],
      ['configmaps', configMap?.name],
    ]),
    ['persistentvolumeclaims', volume.persistentVolumeClaim?.claimName],
    ['persistentvolumeclaims', volume.ephemeral ? `${pod}-${volume.name}` : undefined],
  ];
}

/** The claim a volume is bound to, and the Secrets a kubelet needs to mount it. */
export interface VolumeReferences {
  readonly claim: Reference;
  readonly secrets: readonly Reference[];
}

/** Undefined while the volume is bound to no claim: then no pod uses it. */
export function referencesOfVolume({ spec }: PersistentVolume): VolumeReferences | undefined {
  const { claimRef, csi, azureFile } = spec ?? {};
  if (!claimRef?.name) return undefined;
  const home = claimRef.namespace ?? '';
  const sources = [spec?.cephfs, spec?.cinder, spec?.flexVolume, spec?.iscsi, spec?.rbd, spec?.scaleIO, spec?.storageos];
  const named = [
    ...[csi?.nodePublishSecretRef, csi?.nodeStageSecretRef, csi?.nodeExpandSecretRef],
    ...sources.map((source) => source?.secretRef),
    { name: azureFile?.secretName, namespace: azureFile?.secretNamespace },
  ];
  const secrets = named.flatMap((one) => (one?.name ? [referenceTo('secrets', one.namespace || home, one.name)] : []));
  return { claim: referenceTo('persistentvolumeclaims', home, claimRef.name), secrets };
}
