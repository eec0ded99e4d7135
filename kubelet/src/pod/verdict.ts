import { podSpec } from './containers.ts';
import type { StepInput, Verdict } from './types.ts';

/** Why the pod must fail whatever its containers do: rejected, evicted, or past its `activeDeadlineSeconds`. */
export function verdictOf(input: StepInput): Verdict | undefined {
  if (input.memory.verdict) return input.memory.verdict;
  const left = deadlineLeft(input);
  if (left === undefined || left > 0) return undefined;
  return { reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' };
}

/** Milliseconds until the pod's deadline; undefined when it has none or has not begun. */
export function deadlineLeft(input: StepInput): number | undefined {
  const seconds = podSpec(input.pod).activeDeadlineSeconds;
  const startTime = input.memory.status?.startTime ?? input.pod.status?.startTime;
  if (seconds === undefined || seconds === null || !startTime) return undefined;
  return Date.parse(startTime) + Number(seconds) * 1000 - input.now;
}
