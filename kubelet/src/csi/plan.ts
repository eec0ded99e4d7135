import type { CSIDriver, CSINode, CSINodeDriver, Node, PersistentVolume, Pod, Volume } from '@keelson/types';
import { type AccessMode, Mode, type VolumeCapability } from '../cri/grpc/codec/csi.ts';
import { podSpec } from '../pod/containers.ts';
import { podName, podNamespace, podUid } from '../pod/naming.ts';

/** A volume that a driver mounts: one of a claim, or one that a pod itself describes and that lives as long as it. */
export interface CsiVolume {
  /** Of the PersistentVolume, or the pod's name for it. */
  readonly name: string;
  readonly driver: string;
  /** The driver's name for it; undefined: it is the pod's own, and the kubelet makes one up. */
  readonly handle: string | undefined;
  readonly fsType: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly readOnly: boolean;
  readonly accessModes: readonly string[];
  readonly mountOptions: readonly string[];
  readonly secrets: { readonly stage: SecretName | undefined; readonly publish: SecretName | undefined };
}

export interface SecretName {
  readonly namespace: string;
  readonly name: string;
}

/** What a driver is asked to mount for a PersistentVolume; undefined when it is not a driver's. */
export function csiOfClaim({ metadata, spec }: PersistentVolume, readOnly: boolean): CsiVolume | undefined {
  const { csi, accessModes = [], mountOptions = [] } = spec ?? {};
  if (!csi) return undefined;
  const secret = (ref: { name?: string | undefined; namespace?: string | undefined } | undefined): SecretName | undefined =>
    ref?.name ? { name: ref.name, namespace: ref.namespace ?? '' } : undefined;
  return {
    name: metadata.name ?? '',
    driver: csi.driver,
    handle: csi.volumeHandle,
    fsType: csi.fsType ?? '',
    attributes: csi.volumeAttributes ?? {},
    readOnly: readOnly || csi.readOnly === true,
    accessModes,
    mountOptions,
    secrets: { stage: secret(csi.nodeStageSecretRef), publish: secret(csi.nodePublishSecretRef) },
  };
}

/** As `csiOfClaim`, of a volume that a pod describes itself. */
export function csiOfPod(pod: Pod, { name, csi }: Volume): CsiVolume | undefined {
  if (!csi) return undefined;
  const secret = csi.nodePublishSecretRef?.name;
  return {
    name,
    driver: csi.driver,
    handle: undefined,
    fsType: csi.fsType ?? '',
    attributes: csi.volumeAttributes ?? {},
    readOnly: csi.readOnly === true,
    accessModes: [],
    mountOptions: [],
    secrets: { stage: undefined, publish: secret ? { name: secret, namespace: podNamespace(pod) } : undefined },
  };
}

const modes: Readonly<Record<string, AccessMode['mode']>> = {
  ReadWriteMany: Mode.MULTI_NODE_MULTI_WRITER,
  ReadWriteOnce: Mode.SINGLE_NODE_WRITER,
  ReadOnlyMany: Mode.MULTI_NODE_READER_ONLY,
  ReadWriteOncePod: Mode.SINGLE_NODE_WRITER,
};

/** How a volume is used. `group`: the driver itself gives it to this one. */
export function capabilityOf({ accessModes, fsType, mountOptions }: CsiVolume, group: number | undefined): VolumeCapability {
  const widest = Object.keys(modes).find((mode) => accessModes.includes(mode)) ?? 'ReadWriteOnce';
  return {
    mount: { fsType, mountFlags: [...mountOptions], volumeMountGroup: group === undefined ? '' : String(group) },
    accessMode: { mode: modes[widest] ?? Mode.SINGLE_NODE_WRITER },
  };
}

/** What a driver is told of a volume, and of the pod where it asks for that. */
export function contextOf(pod: Pod, { attributes, handle }: CsiVolume, driver: CSIDriver | undefined): Record<string, string> {
  if (!driver?.spec.podInfoOnMount) return { ...attributes };
  return {
    ...attributes,
    'csi.storage.k8s.io/pod.name': podName(pod),
    'csi.storage.k8s.io/pod.namespace': podNamespace(pod),
    'csi.storage.k8s.io/pod.uid': podUid(pod),
    'csi.storage.k8s.io/serviceAccount.name': podSpec(pod).serviceAccountName ?? '',
    'csi.storage.k8s.io/ephemeral': String(handle === undefined),
  };
}

/** Whether the kubelet is to give a mounted volume to the pod's group, by what the driver says of its volumes. */
export function takesGroup({ fsType, accessModes, readOnly }: CsiVolume, driver: CSIDriver | undefined): boolean {
  const policy = driver?.spec.fsGroupPolicy ?? 'ReadWriteOnceWithFSType';
  if (readOnly || policy === 'None') return false;
  const single = accessModes.length > 0 && accessModes.every((mode) => mode === 'ReadWriteOnce' || mode === 'ReadWriteOncePod');
  return policy === 'File' || (fsType !== '' && single);
}

/** The CSINode that tells of exactly these drivers. */
export function csiNodeOf(node: Node, present: CSINode | undefined, drivers: readonly CSINodeDriver[]): CSINode {
  const { name = '', uid = '' } = node.metadata;
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name, uid }];
  const metadata = present?.metadata ?? { name, ownerReferences };
  return { apiVersion: 'storage.k8s.io/v1', kind: 'CSINode', metadata, spec: { ...present?.spec, drivers: [...drivers] } };
}

/** A driver as the CSINode tells of it. `most`: how many of its volumes the node takes; 0: it does not say. */
export function csiNodeDriver(name: string, nodeID: string, most: number, segments: Readonly<Record<string, string>>): CSINodeDriver {
  const topologyKeys = Object.keys(segments).sort();
  return { name, nodeID, topologyKeys, ...(most > 0 ? { allocatable: { count: most } } : {}) };
}
