import type { Clock, Logger, Random } from '@keelson/base';
import type { Api } from '@keelson/client';
import { type ControllerDeps, createEventRecorder, createInformers, type Informers, runControllers } from '@keelson/runtime';
import { ConfigMap, Lease } from '@keelson/types';
import type { Registry } from 'prom-client';
import { controllers } from './controllers/index.ts';
import { leaseNamespace } from './controllers/node-lifecycle/controller.ts';
import { rootCAName } from './controllers/root-ca/plan.ts';
import type { ControllerConfig, ControllerEntry } from './controllers/types.ts';

export interface ControllerManagerDeps {
  /** The manager's own identity: informers read as it. */
  readonly api: Api;
  /** The same, answered with metadata only where the server can; `api` does too. */
  readonly metadata?: Api;
  /** The Api of a service account of kube-system, as which a controller writes. */
  readonly apiFor: (serviceAccount: string) => Api;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly config?: Partial<ControllerConfig>;
  /** As in `--controllers`: `*`, names, and names with a minus before them. All unless told. */
  readonly controllers?: readonly string[];
  readonly observe?: ControllerDeps['observe'];
  /** For what controllers count of their own. */
  readonly metrics?: Registry;
}

export interface ControllerManager {
  /** Resolves when the signal has aborted and all work in hand is finished. */
  run(signal: AbortSignal): Promise<void>;
}

/** Kubernetes' defaults. */
export const defaultConfig: ControllerConfig = {
  terminatedPodThreshold: 12_500,
  maxEndpointsPerSlice: 100,
  nodeMonitorGracePeriod: 50_000,
  nodeStartupGracePeriod: 60_000,
  nodeEvictionRate: 0.1,
  allocateNodeCIDRs: false,
  clusterCIDRs: [],
  nodeCIDRMaskSize: { 4: 24, 6: 64 },
  horizontalPodAutoscaler: {
    syncPeriod: 15_000,
    downscaleStabilization: 300_000,
    tolerance: 0.1,
    cpuInitializationPeriod: 300_000,
    initialReadinessDelay: 30_000,
  },
  signing: { authorities: {}, duration: 365 * 86_400_000 },
  concurrency: {},
};

/** All controllers over one set of informers; in a process of its own and inside a test alike. */
export function createControllerManager(deps: ControllerManagerDeps): ControllerManager {
  const config = { ...defaultConfig, ...deps.config };
  const { api, clock, random, log } = deps;
  return {
    async run(signal) {
      const informers = createInformers({ api, clock, random, log });
      select(informers);
      const wanted = controllers.filter((entry) => isEnabled(entry, deps.controllers ?? ['*']));
      await Promise.all(wanted.map((entry) => runEntry(entry, config, deps, informers, signal)));
    },
  };
}

/** Kinds of which only some objects matter here. Whoever asks for them later gets these. */
function select(informers: Informers): void {
  informers.for(ConfigMap, { fieldSelector: `metadata.name=${rootCAName}` });
  informers.for(Lease, { namespace: leaseNamespace });
}

function runEntry(
  entry: ControllerEntry,
  config: ControllerConfig,
  deps: ControllerManagerDeps,
  informers: Informers,
  signal: AbortSignal,
): Promise<void> {
  const { clock, random, log, observe, metrics } = deps;
  const api = deps.apiFor(entry.serviceAccount);
  const recorder = createEventRecorder({ api, component: entry.eventSource, clock, log, signal });
  const running = { api, informers, clock, random, log, signal, events: () => recorder, ...(observe ? { observe } : {}) };
  if ('run' in entry) return entry.run({ ...running, metadata: deps.metadata ?? deps.api, concurrency: config.concurrency });
  return runControllers(entry.define(config, { clock, metrics }), running);
}

/** Whether `--controllers` lets a controller run. */
export function isEnabled(
  { name, alias = name, offByDefault = false }: Pick<ControllerEntry, 'name' | 'alias' | 'offByDefault'>,
  wanted: readonly string[],
): boolean {
  if (wanted.includes(`-${name}`) || wanted.includes(`-${alias}`)) return false;
  return wanted.includes(name) || wanted.includes(alias) || (wanted.includes('*') && !offByDefault);
}
