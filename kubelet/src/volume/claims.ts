import { nodeTermHolds } from '@keelson/machinery';
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '@keelson/types';
import { ConfigError } from '../config/errors.ts';
import { type CsiVolume, csiOfClaim, csiOfPod } from '../csi/plan.ts';
import { podSpec } from '../pod/containers.ts';
import { podName, podNamespace, podUid } from '../pod/naming.ts';

/** What holds a claimed volume's files: a place on this node, or a storage driver. */
export type VolumeSource =
  | { readonly type: 'hostPath'; readonly path: string; readonly kind?: string | undefined }
  /** `fsType`: of the file system, where the path is a block device. */
  | { readonly type: 'local'; readonly path: string; readonly fsType: string }
  | { readonly type: 'csi'; readonly csi: CsiVolume };

/** The PersistentVolume behind one of a pod's claims, as this node mounts it. */
export interface ClaimedVolume {
  /** Of the PersistentVolume: how messages name the volume. */
  readonly name: string;
  readonly claim: string;
  readonly source: VolumeSource;
  /** As the pod asks. */
  readonly readOnly: boolean;
  readonly block: boolean;
  readonly volume: PersistentVolume;
}

/** What stands behind the claims of a pod, by the name of the pod's volume. */
export type Claimed = ReadonlyMap<string, ClaimedVolume>;

/** What the server said of a claim and of the volume it is bound to; an error's message where it said no. */
export interface Found {
  readonly claim?: PersistentVolumeClaim | string | undefined;
  readonly volume?: PersistentVolume | string | undefined;
}

/** The claim a volume of the pod stands for; undefined when it stands for none. */
export function claimName(pod: Pod, volume: Volume): string | undefined {
  return volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral ? `${podName(pod)}-${volume.name}` : undefined);
}

/** What a driver is to mount for one of a pod's volumes; undefined when it is not a driver's. */
export function csiOf(pod: Pod, volume: Volume | ClaimedVolume): CsiVolume | undefined {
  if ('claim' in volume) return volume.source.type === 'csi' ? volume.source.csi : undefined;
  return csiOfPod(pod, volume);
}

/** What is to be mounted for a volume that stands for a claim. @throws ConfigError in Kubernetes' words while it cannot be. */
export function resolveClaim(pod: Pod, volume: Volume, { claim, volume: found }: Found): ClaimedVolume {
  const name = claimName(pod, volume) ?? '';
  const about = `error processing PVC ${podNamespace(pod)}/${name}: `;
  if (claim === undefined || typeof claim === 'string') throw new ConfigError(`${about}failed to fetch PVC from API server: ${claim}`);
  if (claim.metadata.deletionTimestamp) throw new ConfigError(`${about}PVC is being deleted`);
  const bound = claim.spec.volumeName;
  if (claim.status?.phase !== 'Bound' || !bound) throw new ConfigError(`${about}PVC is not bound`);
  if (volume.ephemeral) checkOwner(pod, claim);
  if (found === undefined || typeof found === 'string')
    throw new ConfigError(`${about}failed to fetch PV ${bound} from API server: ${found}`);
  if (found.spec?.claimRef?.uid !== claim.metadata.uid)
    throw new ConfigError(
      `${about}PV ${bound} claimRef UID ${found.spec?.claimRef?.uid ?? ''} does not match PVC UID ${claim.metadata.uid}`,
    );
  const block = found.spec?.volumeMode === 'Block';
  checkUse(pod, volume.name, block);
  const readOnly = volume.persistentVolumeClaim?.readOnly === true;
  return { name: bound, claim: name, source: sourceOf(found, readOnly), readOnly, block, volume: found };
}

/** A claim made by somebody else is not the pod's, whatever its name. */
function checkOwner(pod: Pod, { metadata }: PersistentVolumeClaim): void {
  const owner = (metadata.ownerReferences ?? []).find(({ controller }) => controller);
  if (owner?.uid === podUid(pod)) return;
  throw new ConfigError(
    `PVC ${metadata.namespace}/${metadata.name} was not created for pod ${podNamespace(pod)}/${podName(pod)} (pod is not owner)`,
  );
}

function checkUse(pod: Pod, name: string, block: boolean): void {
  const { containers = [], initContainers = [] } = podSpec(pod);
  const field = block ? 'volumeMounts' : 'volumeDevices';
  const misused = [...initContainers, ...containers].some((container) => (container[field] ?? []).some((use) => use.name === name));
  if (misused) throw new ConfigError(`volume ${name} has volumeMode ${block ? 'Block' : 'Filesystem'}, but is specified in ${field}`);
}

function sourceOf(volume: PersistentVolume, readOnly: boolean): VolumeSource {
  const { metadata, spec } = volume;
  const csi = csiOfClaim(volume, readOnly);
  if (csi) return { type: 'csi', csi };
  if (spec?.hostPath) return { type: 'hostPath', path: spec.hostPath.path, kind: spec.hostPath.type };
  if (spec?.local) return { type: 'local', path: spec.local.path, fsType: spec.local.fsType ?? '' };
  throw new ConfigError(`failed to get Plugin from volumeSpec for volume "${metadata.name}" err=no volume plugin matched`);
}

/** Whether the volume can be used on this node. @throws ConfigError when its node affinity says no. */
export function checkNodeAffinity({ spec }: PersistentVolume, node: Node | undefined): void {
  const terms = spec?.nodeAffinity?.required?.nodeSelectorTerms;
  if (terms && !(node && terms.some((term) => nodeTermHolds(term, node)))) throw new ConfigError('no matching NodeSelectorTerms');
}
