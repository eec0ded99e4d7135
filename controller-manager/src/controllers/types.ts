import type { Clock } from '@keelson/base';
import type { Api } from '@keelson/client';
import type { ControllerDefinition, ControllerDeps } from '@keelson/runtime';
import type { Registry } from 'prom-client';
import type { SigningConfig } from './csrsigning/controller.ts';
import type { AutoscalerConfig } from './horizontal-pod-autoscaler/plan.ts';
import type { EvictionOptions } from './node-lifecycle/zones.ts';
import type { RemoveDirectory } from './persistent-volumes/volumes.ts';

/** What the process's flags say to its controllers. Times in milliseconds. */
export interface ControllerConfig {
  /** PEM of the CA that signs the API server's certificate; without it no kube-root-ca.crt is published. */
  readonly rootCA?: string;
  /** PEM of the key that signs tokens kept in Secrets; without it none are made. */
  readonly tokenKey?: string;
  /** How long a token in a Secret may go unused before it is marked, and then stay before it is removed. */
  readonly legacyTokenCleanUpPeriod: number;
  readonly terminatedPodThreshold: number;
  readonly maxEndpointsPerSlice: number;
  readonly nodeMonitorGracePeriod: number;
  readonly nodeStartupGracePeriod: number;
  /** How fast nodes that are lost are tainted NoExecute. */
  readonly nodeEviction: EvictionOptions;
  readonly allocateNodeCIDRs: boolean;
  readonly clusterCIDRs: readonly string[];
  readonly nodeCIDRMaskSize: { readonly 4: number; readonly 6: number };
  readonly horizontalPodAutoscaler: AutoscalerConfig;
  readonly signing: SigningConfig;
  /** Whether what nobody owns any more is removed. */
  readonly garbageCollection: boolean;
  readonly resourceQuotaSyncPeriod: number;
  /** Keys worked on at the same time, by the word in `--concurrent-<word>-syncs`. */
  readonly concurrency: Readonly<Record<string, number>>;
  /** How directories go of volumes on this machine that are to be deleted; without it they stay. */
  readonly removeDirectory?: RemoveDirectory;
}

/** What a definition is made with. */
export interface DefineDeps {
  readonly clock: Clock;
  /** For what a controller counts of its own; absent: nobody asks. */
  readonly metrics: Registry | undefined;
}

/** What a controller that is no single definition is given. */
export interface RunDeps extends ControllerDeps {
  /** The manager's own identity, answering lists and watches with metadata only. */
  readonly metadata: Api;
  readonly concurrency: ControllerConfig['concurrency'];
}

/** What a controller goes by in `--controllers`. */
export interface ControllerName {
  readonly name: string;
  /** What it was called there before; still understood. */
  readonly alias?: string;
  /** Runs only where `--controllers` names it. */
  readonly offByDefault?: boolean;
}

interface EntryBase extends ControllerName {
  /** In kube-system: whom it writes as; the manager itself where there is none. */
  readonly serviceAccount?: string;
  /** The source of its events. */
  readonly eventSource: string;
  /** Whether the flags leave it anything to do; always, unless told. */
  isWanted?(config: ControllerConfig): boolean;
}

/** One line of THE list. */
export type ControllerEntry = EntryBase &
  ({ define(config: ControllerConfig, deps: DefineDeps): readonly ControllerDefinition[] } | { run(deps: RunDeps): Promise<void> });
