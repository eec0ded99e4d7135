import type { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet } from '@keelson/types';

/** A set and what there is of it. */
export interface View {
  readonly set: StatefulSet;
  readonly pods: readonly Pod[];
  /** Of what pods are that are not updated yet. */
  readonly current: ControllerRevision;
  /** Of the present template. */
  readonly update: ControllerRevision;
  /** The claim of that name in the set's namespace. */
  readonly claim: (name: string) => PersistentVolumeClaim | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export type Step =
  | { readonly type: 'create' | 'update'; readonly pod: Pod; readonly claims: readonly PersistentVolumeClaim[] }
  /** A pod that runs and lacks claims gets them. */
  | { readonly type: 'claims'; readonly pod: Pod; readonly claims: readonly PersistentVolumeClaim[] }
  | { readonly type: 'delete'; readonly pod: Pod }
  /** A claim gets other owners. */
  | { readonly type: 'retain'; readonly claim: PersistentVolumeClaim };

export interface Plan {
  /** In order: those after one that fails are not taken. */
  readonly steps: readonly Step[];
  /** Whether a claim has to go before its pod's next can be made. */
  readonly waitsForClaim: boolean;
}

/** One wanted ordinal, and its pod if it has one. */
export interface Slot {
  readonly ordinal: number;
  readonly pod: Pod | undefined;
}
