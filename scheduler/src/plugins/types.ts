import type { CSIDriver, CSINode, CSIStorageCapacity, Node, PersistentVolume, StorageClass } from '@keelson/types';
import type { PodInfo } from '../cache/pod-info.ts';
import type { NodeTable } from '../cache/table.ts';
import type { Reasons } from '../cycle/reasons.ts';
import type { PodDevices } from '../devices/claims.ts';
import type { PodVolumes } from '../volumes/types.ts';

/** Something about a node; `before` is the node until now. */
export interface NodeEvent<T extends string> {
  readonly type: T;
  readonly node: Node;
  readonly before?: Node;
}

/** Something about a pod on a node; `before` is that pod until now. */
export interface PodEvent<T extends string> {
  readonly type: T;
  readonly pod: PodInfo;
  readonly before?: PodInfo;
}

/** An object that is new, or another than `before`. */
export interface ObjectEvent<T extends string, Of> {
  readonly type: T;
  readonly object: Of;
  readonly before?: Of;
}

/** What happened in the cluster that may let a pod that did not fit fit now. `Own…`: the waiting pod itself is another than `before`. */
export type ClusterEvent =
  | NodeEvent<'NodeAdd' | 'NodeAllocatable' | 'NodeLabel' | 'NodeTaint' | 'NodeDelete'>
  | PodEvent<'AssignedPodAdd' | 'AssignedPodLabel' | 'AssignedPodScaleDown' | 'AssignedPodDelete'>
  | { readonly type: 'OwnLabel' | 'OwnScaleDown' | 'OwnToleration' | 'OwnResourceClaim'; readonly before: PodInfo }
  /** A PersistentVolumeClaim, by `namespace/name`. */
  | { readonly type: 'ClaimChange'; readonly key: string }
  | ObjectEvent<'VolumeChange', PersistentVolume>
  | ObjectEvent<'StorageClassChange', StorageClass>
  | ObjectEvent<'CSINodeChange', CSINode>
  | ObjectEvent<'CSIDriverChange', CSIDriver>
  | ObjectEvent<'CSICapacityChange', CSIStorageCapacity>
  | { readonly type: 'AttachmentDelete' }
  /** A ResourceClaim, by `namespace/name`. */
  | { readonly type: 'ResourceClaimChange'; readonly key: string; readonly freed: boolean }
  | { readonly type: 'ResourceSliceChange' | 'DeviceClassChange' };

type EventOf<T extends string, E = ClusterEvent> = E extends { readonly type: string } ? (T extends E['type'] ? E : never) : never;

type Hint<T extends ClusterEvent['type']> = (info: PodInfo, event: EventOf<T>) => boolean;

/** By event, whether a pod that was refused may fit now. An event that is not named helps nobody. */
export type Hints = { readonly [T in ClusterEvent['type']]?: Hint<T> };

/** Whatever the pod, it is worth another try. */
export const always = (): boolean => true;

/** What a plugin is asked about: one pod and the nodes as they are. */
export interface Question {
  readonly info: PodInfo;
  readonly table: NodeTable;
  readonly reasons: Reasons;
  /** Labels by which the pod's Services and owner select its like; undefined when nothing does. Default spreading goes by it. */
  readonly spreadSelector: DefaultSelector | undefined;
  /** What stands behind the pod's claims; undefined when it uses none. */
  readonly volumes: PodVolumes | undefined;
  /** What stands behind its claims of devices; undefined when it uses none. */
  readonly devices: PodDevices | undefined;
}

export interface DefaultSelector {
  readonly key: string;
  readonly matches: (labels: Readonly<Record<string, string>>) => boolean;
}

/** Writes a code of `Reasons` for each of `rows` that does not do; leaves 0 where it does. Rows already refused are passed over. */
export type RowFilter = (rows: Int32Array, verdicts: Uint16Array) => void;

export interface RowScore {
  /** Writes each row's score. Between 0 and 100, whole, unless `normalize` makes it so. */
  readonly score: (rows: Int32Array, scores: Float64Array) => void;
  /** Brings raw scores of the rows that do into 0 to 100, in place. */
  readonly normalize?: (rows: Int32Array, scores: Float64Array) => void;
}

/**
 * A scheduling plugin under Kubernetes' name. `scope` row: what it says of a row follows from the pod's template and that row alone, and
 * stands until the row changes. `cluster`: it looks at other rows too and is asked in every cycle.
 */
export interface Plugin {
  readonly name: string;
  readonly scope: 'row' | 'cluster';
  readonly weight?: number;
  /** Events after which a pod this plugin refused is tried again. */
  readonly requeueOn?: Hints | 'anything';
  /** Undefined: has nothing to say on such a pod. */
  readonly filter?: (question: Question) => RowFilter | undefined;
  readonly score?: (question: Question) => RowScore | undefined;
}

/** Calls `judge` for every row not refused yet and writes what it says. */
export function eachOpen(judge: (row: number) => number): RowFilter {
  return (rows, verdicts) => {
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as number;
      if (verdicts[row] === 0) verdicts[row] = judge(row);
    }
  };
}
