import type {
  CSINode,
  CSIStorageCapacity,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  StorageClass,
  VolumeAttachment,
} from '@keelson/types';

/** Why a pod can go nowhere, whichever the node, and the plugin that says so. */
export interface Refusal {
  readonly plugin: 'VolumeRestrictions' | 'VolumeBinding';
  readonly words: string;
}

/** A claim whose volume is chosen, or made, once its pod's node is known (`WaitForFirstConsumer`). */
export interface DelayedClaim {
  readonly claim: PersistentVolumeClaim;
  readonly storageClass: StorageClass;
}

/** All of a pod's claims that scheduling looks at. */
export interface PodVolumes {
  readonly refusal: Refusal | undefined;
  /** Volumes of claims that are bound; undefined where one is gone. */
  readonly bound: readonly (PersistentVolume | undefined)[];
  readonly delayed: readonly DelayedClaim[];
  /** Volumes that delayed claims may be bound to: none that was given to another since. */
  readonly candidates: readonly PersistentVolume[];
  /** Keys of claims that one pod uses at a time (ReadWriteOncePod). */
  readonly exclusive: readonly string[];
  /** Whether a node with these pods has no room for the volumes. They are looked at only where drivers say how much they take. */
  exceeds(node: string, pods: () => Iterable<Pod>): boolean;
  /** Whether a volume can be made for a claim where the node can reach it. */
  canHold(delayed: DelayedClaim, node: Node): boolean;
}

/** The cluster's claims and volumes, as last seen. */
export interface VolumeView extends AttachmentView, CapacityView {
  /** By `namespace/name`. */
  claim(key: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  storageClass(name: string): StorageClass | undefined;
  /** All volumes but those that were chosen for other claims than these a moment ago. */
  candidates(claims: readonly PersistentVolumeClaim[]): readonly PersistentVolume[];
}

/** What drivers can attach to nodes, as last seen. */
export interface AttachmentView {
  csiNode(name: string): CSINode | undefined;
  /** What is attached to a node, or is to be. */
  attachments(node: string): readonly VolumeAttachment[];
}

/** What drivers have left to make volumes of, as last seen. */
export interface CapacityView {
  /** Whether the driver tells how much it has left (`storageCapacity` of its CSIDriver). */
  tellsCapacity(driver: string): boolean;
  capacities(): readonly CSIStorageCapacity[];
}
