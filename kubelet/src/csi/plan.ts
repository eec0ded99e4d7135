import type { CSIDriver, CSINode, CSINodeDriver, Node, PersistentVolume, Pod, Volume } from '@keelson/types';
import { type AccessMode, Mode, VolumeUsage_Unit as Unit, type VolumeCapability, type VolumeUsage } from '../cri/grpc/codec/csi.ts';
import { podSpec } from '../pod/containers.ts';
import { podName, podNamespace, podUid } from '../pod/naming.ts';
import type { Fullness } from '../volume/host.ts';
import type { TokenWish } from '../volume/references.ts';

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
  /** It is given to containers as a device. */
  readonly block: boolean;
  readonly secrets: {
    readonly stage: SecretName | undefined;
    readonly publish: SecretName | undefined;
    readonly expand: SecretName | undefined;
  };
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
    block: spec?.volumeMode === 'Block',
    secrets: {
      stage: secret(csi.nodeStageSecretRef),
      publish: secret(csi.nodePublishSecretRef),
      expand: secret(csi.nodeExpandSecretRef),
    },
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
    block: false,
    secrets: { stage: undefined, publish: secret ? { name: secret, namespace: podNamespace(pod) } : undefined, expand: undefined },
  };
}

const modes: Readonly<Record<string, AccessMode['mode']>> = {
  ReadWriteMany: Mode.MULTI_NODE_MULTI_WRITER,
  ReadWriteOnce: Mode.SINGLE_NODE_WRITER,
  ReadOnlyMany: Mode.MULTI_NODE_READER_ONLY,
  ReadWriteOncePod: Mode.SINGLE_NODE_WRITER,
};

/** For drivers that tell one pod of a node from several. */
const fineModes: typeof modes = {
  ...modes,
  ReadWriteOnce: Mode.SINGLE_NODE_MULTI_WRITER,
  ReadWriteOncePod: Mode.SINGLE_NODE_SINGLE_WRITER,
};

export interface Usage {
  /** The driver itself gives the volume to this group. */
  readonly group?: number | undefined;
  readonly singleNodeMultiWriter?: boolean;
}

/** How a volume is used; of several access modes by the first, as Kubernetes tells drivers. */
export function capabilityOf(volume: CsiVolume, { group, singleNodeMultiWriter = false }: Usage): VolumeCapability {
  const { accessModes, fsType, mountOptions, block } = volume;
  const mode = (singleNodeMultiWriter ? fineModes : modes)[accessModes[0] ?? 'ReadWriteOnce'] ?? Mode.SINGLE_NODE_WRITER;
  const accessMode = { mode };
  if (block) return { block: {}, mount: undefined, accessMode };
  return { mount: { fsType, mountFlags: [...mountOptions], volumeMountGroup: group === undefined ? '' : String(group) }, accessMode };
}

/**
 * How full a volume is by what its driver tells; undefined: it tells nothing. What it leaves out is nought, as in Kubernetes.
 * @throws Error when it counts in anything but bytes and inodes.
 */
export function fullnessOf(usages: readonly VolumeUsage[]): Fullness | undefined {
  if (usages.length === 0) return undefined;
  const unknown = usages.find(({ unit }) => unit !== Unit.BYTES && unit !== Unit.INODES);
  if (unknown) throw new Error(`unknown key ${unknown.unit} in usage`);
  const [bytes, inodes] = [Unit.BYTES, Unit.INODES].map((wanted) => usages.findLast(({ unit }) => unit === wanted));
  return {
    capacityBytes: Number(bytes?.total ?? 0),
    availableBytes: Number(bytes?.available ?? 0),
    usedBytes: Number(bytes?.used ?? 0),
    inodes: Number(inodes?.total ?? 0),
    inodesFree: Number(inodes?.available ?? 0),
    inodesUsed: Number(inodes?.used ?? 0),
  };
}

/** The tokens of a pod's service account that a driver asks for. */
export function tokenWishes(driver: CSIDriver | undefined): TokenWish[] {
  return (driver?.spec.tokenRequests ?? []).map(({ audience, expirationSeconds }) => ({
    audience,
    expirationSeconds: Number(expirationSeconds ?? 3600),
  }));
}

/** A token and what it is for; `expiresAt` in milliseconds of Unix time. */
export interface HeldToken {
  readonly audience: string;
  readonly token: string;
  readonly expiresAt: number;
}

/** How a driver is given tokens: in a volume's context, or among its secrets where it says so. */
export function podTokens(
  tokens: readonly HeldToken[],
  driver: CSIDriver | undefined,
): { readonly context: Record<string, string>; readonly secrets: Record<string, string> } {
  const stamp = (time: number): string => `${new Date(time).toISOString().slice(0, 19)}Z`;
  const entries = tokens.map(({ audience, token, expiresAt }) => [audience, { token, expirationTimestamp: stamp(expiresAt) }]);
  const given = tokens.length > 0 ? { 'csi.storage.k8s.io/serviceAccount.tokens': JSON.stringify(Object.fromEntries(entries)) } : {};
  return driver?.spec.serviceAccountTokenInSecrets ? { context: {}, secrets: given } : { context: given, secrets: {} };
}

/** What the node's status calls a volume that is attached to it; undefined where nothing is to be attached. */
export function attachableName({ driver, handle }: CsiVolume, about: CSIDriver | undefined): string | undefined {
  return handle === undefined || about?.spec.attachRequired === false ? undefined : `kubernetes.io/csi/${driver}^${handle}`;
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
export function takesGroup({ fsType, accessModes, readOnly, handle }: CsiVolume, driver: CSIDriver | undefined): boolean {
  const policy = driver?.spec.fsGroupPolicy ?? 'ReadWriteOnceWithFSType';
  if (readOnly || policy === 'None') return false;
  // A pod's own volume is always used by it alone.
  const single = handle === undefined || accessModes.some((mode) => mode === 'ReadWriteOnce' || mode === 'ReadWriteOncePod');
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
