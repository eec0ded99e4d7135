import type { PodInfo } from '../cache/pod-info.ts';
import type { NodeTable } from '../cache/table.ts';
import type { Reasons } from '../cycle/reasons.ts';
import type { PodVolumes } from '../volumes/claims.ts';

/** What happened in the cluster that may let a pod that did not fit fit now. */
export type ClusterEvent =
  | 'NodeAdd'
  | 'NodeAllocatable'
  | 'NodeLabel'
  | 'NodeTaint'
  | 'AssignedPodAdd'
  | 'AssignedPodUpdate'
  | 'AssignedPodDelete'
  | 'UnscheduledPodUpdate'
  | 'VolumeChange';

/** What a plugin is asked about: one pod and the nodes as they are. */
export interface Question {
  readonly info: PodInfo;
  readonly table: NodeTable;
  readonly reasons: Reasons;
  /** Labels by which the pod's Services and owner select its like; undefined when nothing does. Default spreading goes by it. */
  readonly spreadSelector: DefaultSelector | undefined;
  /** What stands behind the pod's claims; undefined when it uses none. */
  readonly volumes: PodVolumes | undefined;
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
  readonly requeueOn?: readonly ClusterEvent[];
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
