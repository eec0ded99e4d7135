import type { Action, StepEvent, StepInput } from './types.ts';

/** What a plan comes to: actions, and the times at which it would come out differently. */
export interface Plan {
  readonly actions: Action[];
  readonly events: StepEvent[];
  /** Absolute times in milliseconds. */
  readonly wakeAt: number[];
}

export function emptyPlan(): Plan {
  return { actions: [], events: [], wakeAt: [] };
}

/** Whether the back-off of something that failed before has passed; if not, the plan is to be made again when it has. */
export function mayTry(input: StepInput, what: string, plan: Plan): boolean {
  const failure = input.memory.failures.get(what);
  if (!failure || failure.retryAt <= input.now) return true;
  plan.wakeAt.push(failure.retryAt);
  return false;
}
