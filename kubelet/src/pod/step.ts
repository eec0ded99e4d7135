import { isComingBack } from './comeback.ts';
import { allContainers, latest, podSpec, shouldRestart } from './containers.ts';
import { finalStatus } from './phase.ts';
import { resizeEvents } from './resize.ts';
import { isRestartingAll } from './restartall.ts';
import { planRunning } from './running.ts';
import { podStatus } from './status.ts';
import { planTermination } from './termination.ts';
import { operationKey, type Step, type StepInput } from './types.ts';
import { deadlineLeft, verdictOf } from './verdict.ts';

/**
 * One step of a pod: from its spec, what the runtime holds, what the probes say and what the worker remembers, to the next actions and
 * the status to report. Pure; called again whenever one of these changes, after each action, and when `again` has passed.
 */
export function step(input: StepInput): Step {
  const ending = isEnding(input);
  const plan = ending ? planTermination(input) : planRunning(input);
  // What time has already come would ask for the same step again, with no rest between.
  const wakeAt = plan.wakeAt.filter((at) => at > input.now);
  const deadline = ending ? undefined : deadlineLeft(input);
  if (deadline !== undefined) wakeAt.push(input.now + deadline);
  const { operations } = input.memory;
  const actions = plan.actions.filter((action) => !operations.has(operationKey(action)));
  return {
    actions,
    status: podStatus(input, ending),
    events: [...plan.events, ...resizeEvents(input, ending)],
    again: wakeAt.length > 0 ? Math.max(Math.min(...wakeAt) - input.now, 0) : undefined,
    finished: ending && isFinished(input),
  };
}

/** Whether the pod is on its way out: deleted, condemned, already reported as ended, or with nothing left to run. */
export function isEnding(input: StepInput): boolean {
  if (input.removed || input.pod.metadata?.deletionTimestamp || verdictOf(input)) return true;
  return finalStatus(input) !== undefined || (!isRestartingAll(input) && hasRunItsCourse(input));
}

function hasRunItsCourse(input: StepInput): boolean {
  const sandboxId = input.observed.sandboxes[0]?.id;
  const final = (name: string, within: string | undefined): number | undefined => {
    const instance = latest(input.observed, name, within);
    return instance?.phase === 'exited' ? instance.exitCode : undefined;
  };
  for (const { container, role } of allContainers(input.pod)) {
    if (role !== 'init') continue;
    const exitCode = final(container.name, sandboxId);
    if (exitCode !== undefined && exitCode !== 0 && !shouldRestart(input.pod, container, role, exitCode)) return true;
  }
  return (podSpec(input.pod).containers ?? []).every((container) => {
    const instance = latest(input.observed, container.name);
    if (instance && isComingBack(input.memory, instance)) return false;
    const exitCode = final(container.name, undefined);
    return exitCode !== undefined && !shouldRestart(input.pod, container, 'main', exitCode);
  });
}

function isFinished({ observed, memory }: StepInput): boolean {
  const alive = observed.containers.some((c) => c.phase === 'running' || c.phase === 'unknown');
  return !alive && !observed.sandboxes.some((sandbox) => sandbox.ready) && !memory.volumesHeld && memory.operations.size === 0;
}
