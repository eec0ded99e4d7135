import type { Registry as Metrics } from 'prom-client';
import type { PlainRoute } from '../http/plain-route.ts';
import type { Registry } from '../registry/registry.ts';
import { dumpRoute } from './dump.ts';
import type { Gate } from './gate.ts';
import { maxInFlight } from './max-in-flight.ts';
import { showFairness } from './metrics.ts';
import { PriorityAndFairness } from './priority-and-fairness.ts';

export type { Gate } from './gate.ts';
export { bootstrapFairness, keepFairness } from './keep.ts';

/** How many requests the server works on at once, as kube-apiserver's flags say it. */
export interface FairnessSettings {
  readonly enabled: boolean;
  readonly maxRequestsInFlight: number;
  readonly maxMutatingRequestsInFlight: number;
}

export const usualFairness: FairnessSettings = { enabled: true, maxRequestsInFlight: 400, maxMutatingRequestsInFlight: 200 };

export interface Fairness {
  readonly gate: Gate;
  readonly routes: readonly PlainRoute[];
}

/** @throws Error, in upstream's words, when the settings leave no room for any request. */
export function createFairness(registry: Registry, settings: FairnessSettings, metrics: Metrics, signal: AbortSignal): Fairness {
  const { enabled, maxRequestsInFlight: reading, maxMutatingRequestsInFlight: writing } = settings;
  if (reading < 0) throw new Error('--max-requests-inflight can not be negative value');
  if (writing < 0) throw new Error('--max-mutating-requests-inflight can not be negative value');
  if (!enabled) return { gate: maxInFlight({ reading, writing }), routes: [] };
  if (reading + writing === 0) {
    const given = `MaxRequestsInFlight=${reading} and MaxMutatingRequestsInFlight=${writing}`;
    throw new Error(`invalid configuration: ${given}; they must add up to something positive`);
  }
  const gate = new PriorityAndFairness(registry, reading + writing, signal);
  showFairness(metrics, gate.levels);
  return { gate, routes: [dumpRoute(gate.levels)] };
}
