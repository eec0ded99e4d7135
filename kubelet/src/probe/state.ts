import type { Probe } from '@keelson/types';

export type ProbeType = 'startup' | 'liveness' | 'readiness';

/** One run of a probe. `unknown`: it could not be run at all, which changes nothing. */
export interface ProbeOutcome {
  readonly result: 'success' | 'failure' | 'unknown';
  readonly message: string;
  /** It went well, and yet the message should be heard. */
  readonly warns?: true;
}

/** How a run went, and how long it took. */
export interface ProbeRun extends ProbeOutcome {
  readonly seconds: number;
}

export interface ProbeState {
  /** Undecided until a threshold is first reached. */
  readonly result: 'success' | 'failure' | undefined;
  readonly last: 'success' | 'failure' | undefined;
  /** How often `last` came in a row. */
  readonly run: number;
}

export const undecided: ProbeState = { result: undefined, last: undefined, run: 0 };

/** The state after one more outcome: a result turns when its threshold is reached, as in Kubernetes (3 failures, 1 success by default). */
export function advance(state: ProbeState, outcome: ProbeOutcome, probe: Probe): ProbeState {
  if (outcome.result === 'unknown') return state;
  const run = state.last === outcome.result ? state.run + 1 : 1;
  const threshold = Number(
    (outcome.result === 'success' ? probe.successThreshold : probe.failureThreshold) ?? (outcome.result === 'success' ? 1 : 3),
  );
  return { last: outcome.result, run, result: run >= threshold ? outcome.result : state.result };
}

export function periodOf(probe: Probe): number {
  return Number(probe.periodSeconds ?? 10) * 1000;
}

export function timeoutOf(probe: Probe): number {
  return Number(probe.timeoutSeconds ?? 1) * 1000;
}
