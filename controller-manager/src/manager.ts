import type { Clock, Logger, Random } from '@keelson/base';
import type { Api } from '@keelson/client';
import { type ControllerDeps, createEventRecorder, createInformers, type Informers, runControllers } from '@keelson/runtime';
import { ConfigMap, Lease, Secret } from '@keelson/types';
import type { Registry } from 'prom-client';
import { controllers } from './controllers/index.ts';
import { leaseNamespace } from './controllers/node-lifecycle/controller.ts';
import { rootCAName } from './controllers/root-ca/plan.ts';
import { tokenType } from './controllers/serviceaccount-token/plan.ts';
import type { ControllerConfig, ControllerEntry } from './controllers/types.ts';
import { isEnabled } from './names.ts';
import { kindsServed, missingKinds } from './served.ts';

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
  /** Told of each controller that is started, by its name. */
  readonly onStart?: (controller: string) => void;
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
  nodeEviction: { evictionRate: 0.1, secondaryEvictionRate: 0.01, unhealthyZoneThreshold: 0.55, largeClusterSizeThreshold: 50 },
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
  legacyTokenCleanUpPeriod: 365 * 86_400_000,
  garbageCollection: true,
  resourceQuotaSyncPeriod: 300_000,
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
      const served = await kindsServed(deps, signal);
      if (signal.aborted) return;
      const wanted = controllers.filter((entry) => isEnabled(entry, deps.controllers ?? ['*']) && (entry.isWanted?.(config) ?? true));
      await Promise.all(wanted.map((entry) => runEntry(entry, { config, served, informers }, deps, signal)));
    },
  };
}

/** Kinds of which only some objects matter here. Whoever asks for them later gets these. */
function select(informers: Informers): void {
  informers.for(ConfigMap, { fieldSelector: `metadata.name=${rootCAName}` });
  informers.for(Lease, { namespace: leaseNamespace });
  informers.for(Secret, { fieldSelector: `type=${tokenType}` });
}

interface Common {
  readonly config: ControllerConfig;
  readonly served: ReadonlySet<string>;
  readonly informers: Informers;
}

/** A controller of what the server does not serve, as one of an older version may, is left out; the others do not wait for it. */
function runEntry(
  entry: ControllerEntry,
  { config, served, informers }: Common,
  deps: ControllerManagerDeps,
  signal: AbortSignal,
): Promise<void> {
  const { clock, random, log, observe, metrics, onStart } = deps;
  const { name, serviceAccount, eventSource } = entry;
  const api = serviceAccount ? deps.apiFor(serviceAccount) : deps.api;
  const recorder = createEventRecorder({ api, component: eventSource, clock, log, signal });
  const running = { api, informers, clock, random, log, signal, events: () => recorder, ...(observe ? { observe } : {}) };
  if ('run' in entry) {
    onStart?.(name);
    return entry.run({ ...running, metadata: deps.metadata ?? deps.api, concurrency: config.concurrency });
  }
  const definitions = entry.define(config, { clock, metrics });
  const missing = definitions.flatMap((definition) => missingKinds(definition, served));
  if (missing.length > 0) log.warn(`${name} is not started: the server does not serve ${missing.join(', ')}`);
  if (missing.length > 0 || definitions.length === 0) return Promise.resolve();
  onStart?.(name);
  return runControllers(definitions, running);
}
