import type { Container, Pod, PodStatus, ResourceRequirements, ResourceStatus } from '@keelson/types';
import type { CgroupLimits } from '../config/resources.ts';
import type { Allocation, PendingResize } from './allocation.ts';
import type { ContainerRole, PodObservation } from './containers.ts';

/** Crash back-off of one container: the delay in force, in milliseconds, and when it was last raised. */
export interface CrashBackoff {
  readonly delay: number;
  readonly at: number;
}

/** Why something of the pod could not be started, shown as a waiting reason, and when to try again. */
export interface StartFailure {
  readonly reason: string;
  readonly message: string;
  readonly retryAt: number;
}

/** Why a container that is stopped is to come back at once: as another, or with other resources. */
export type Return = 'changed' | 'resized';

/** A container being stopped: since when, and with how many seconds of grace. */
export interface Kill {
  readonly at: number;
  readonly graceSeconds: number;
  readonly restart?: Return;
}

/** Decided once and never taken back: the pod is to end as Failed. */
export interface Verdict {
  readonly reason: string;
  readonly message: string;
  /** Overrides the pod's own grace, as hard eviction does. */
  readonly graceSeconds?: number;
  /** The node never took the pod: it counts for nothing there. */
  readonly rejected?: true;
  /** The node takes away a pod that could have gone on: the message of its condition `DisruptionTarget`. */
  readonly disruption?: string;
}

/** What the worker remembers of a pod between steps. Lost with the process, and nothing breaks. */
export interface PodMemory {
  /** Keys of operations under way, see `operationKey`. */
  readonly operations: ReadonlySet<string>;
  readonly crashes: ReadonlyMap<string, CrashBackoff>;
  /** By container name; `volumes`, `sandbox` and `resize` (no valid container names collide: those hold a slash) under `/volumes`, `/sandbox`, `/resize`. */
  readonly failures: ReadonlyMap<string, StartFailure>;
  /** By container id. */
  readonly kills: ReadonlyMap<string, Kill>;
  readonly volumesMounted: boolean;
  /** Some of the volumes may be mounted: by this kubelet, or by the one before it. */
  readonly volumesHeld: boolean;
  /** What the mounted volumes show may be out of date. */
  readonly volumesStale: boolean;
  readonly verdict: Verdict | undefined;
  /** What is set aside for the pod; undefined before it was looked at. The step's pod asks for just that. */
  readonly allocation: Allocation | undefined;
  /** What the pod asks for beyond that, and why it has to wait. */
  readonly pending: PendingResize | undefined;
  /** Resources last given to containers after they were made, by container id. */
  readonly actuated: ReadonlyMap<string, ResourceRequirements>;
  /** What the pod's cgroup was last given by this process. */
  readonly cgroup: CgroupLimits | undefined;
  /** The last status generated; undefined before the first step. */
  readonly status: PodStatus | undefined;
}

/** What the probes know of one running container. Absent values: no result yet, or no such probe. */
export interface ProbeReading {
  readonly started?: boolean;
  readonly ready?: boolean;
  /** A probe that failed past its threshold: the container is to be killed. */
  readonly failed?: 'liveness' | 'startup';
}

export interface NodeFacts {
  readonly hostIPs: readonly string[];
}

export interface StepInput {
  readonly pod: Pod;
  readonly observed: PodObservation;
  readonly memory: PodMemory;
  /** By container id. */
  readonly probes: ReadonlyMap<string, ProbeReading>;
  /** How the devices of main containers are, by their names. */
  readonly devices?: ReadonlyMap<string, readonly ResourceStatus[]> | undefined;
  /** The pod is no longer wanted by its source (deleted by force, manifest gone). */
  readonly removed: boolean;
  readonly node: NodeFacts;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** One container that runs with other resources than are set aside for it, and those. */
export interface ContainerResize {
  readonly id: string;
  readonly container: Container;
  readonly from: ResourceRequirements;
}

/** Work for the shell. Each is done once; the next step sees its effect or, while it lasts, its operation key. */
export type Action =
  | { readonly type: 'mountVolumes' }
  | { readonly type: 'refreshVolumes' }
  | { readonly type: 'createSandbox'; readonly attempt: number }
  | {
      readonly type: 'startContainer';
      readonly container: Container;
      readonly role: ContainerRole;
      readonly attempt: number;
      readonly sandboxId: string;
      readonly restart: boolean;
      /** It is another container than the one before: how often that one crashed says nothing of it. */
      readonly anew?: true;
    }
  | {
      readonly type: 'killContainer';
      readonly id: string;
      readonly name: string;
      readonly graceSeconds: number;
      readonly message: string;
      readonly restart?: Return;
      /** Its hook runs at once, its SIGTERM waits for the containers that have to end before it. */
      readonly inTurn?: true;
    }
  | {
      readonly type: 'resizePod';
      readonly containers: readonly ContainerResize[];
      /** For the pod's cgroup before the containers change, and after. Absent: it stays. */
      readonly raised: CgroupLimits | undefined;
      readonly settled: CgroupLimits | undefined;
    }
  /** `crashed`: the container whose end began a restart of the whole pod; it counts as a crash. */
  | { readonly type: 'removeContainer'; readonly id: string; readonly crashed?: string }
  | { readonly type: 'stopSandbox'; readonly id: string }
  | { readonly type: 'removeSandbox'; readonly id: string }
  | { readonly type: 'unmountVolumes' }
  | { readonly type: 'deletePod' };

export interface StepEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly container?: string;
  /** The same key is reported once. */
  readonly key: string;
}

export interface Step {
  readonly actions: readonly Action[];
  readonly status: PodStatus;
  readonly events: readonly StepEvent[];
  /** Milliseconds until the passing of time alone could change the outcome. */
  readonly again: number | undefined;
  /** Every container and sandbox has ended and the volumes are gone: nothing of the pod uses the node any more. */
  readonly finished: boolean;
}

/** Two actions with one key never run together: starts are one after another, each kill is its own, the rest excludes the rest. */
export function operationKey(action: Action): string {
  switch (action.type) {
    case 'startContainer':
      return 'start';
    case 'resizePod':
      return 'resize';
    case 'killContainer':
      return `kill/${action.id}/${action.graceSeconds}`;
    case 'removeContainer':
    case 'removeSandbox':
      return `remove/${action.id}`;
    default:
      return 'pod';
  }
}
