import type { Container } from '@keelson/types';
import type { ContainerState } from '../cri/types.ts';
import { isAnother, isComingBack, wasStopped } from './comeback.ts';
import { allContainers, type ContainerRole, latest, podSpec, shouldRestart } from './containers.ts';
import { crashWait } from './crash.ts';
import { podLabel } from './naming.ts';
import { emptyPlan, mayTry, type Plan } from './plan.ts';
import { isResizing, needsRestart, planResize, unevenContainers } from './resize.ts';
import { isRestartingAll, planRestartAll } from './restartall.ts';
import { decideSandbox } from './sandbox.ts';
import { killGrace } from './termination.ts';
import type { Action, StepEvent, StepInput } from './types.ts';

type Start = Extract<Action, { type: 'startContainer' }>;
type Stop = Extract<Action, { type: 'killContainer' }>;

/** The next actions for a pod that is to run: volumes, then the sandbox, then init containers in order, then the others. */
export function planRunning(input: StepInput): Plan {
  const plan = emptyPlan();
  if (!input.memory.volumesMounted) {
    if (mayTry(input, '/volumes', plan)) plan.actions.push({ type: 'mountVolumes' });
    return plan;
  }
  if (input.memory.volumesStale) plan.actions.push({ type: 'refreshVolumes' });
  const decision = decideSandbox(input);
  if (decision.type === 'keep') {
    if (isRestartingAll(input)) {
      planRestartAll(input, plan);
      return plan;
    }
    planResize(input, plan);
    planContainers(input, decision.sandbox.id, plan);
    planCleanup(input, decision.sandbox.id, plan);
    return plan;
  }
  for (const sandbox of decision.stale) plan.actions.push({ type: 'stopSandbox', id: sandbox.id });
  if (decision.stale.length > 0) return plan;
  if (decision.attempt > 0) {
    plan.events.push({
      type: 'Normal',
      reason: 'SandboxChanged',
      message: 'Pod sandbox changed, it will be killed and re-created.',
      key: `SandboxChanged/${decision.attempt}`,
    });
  }
  if (mayTry(input, '/sandbox', plan)) plan.actions.push({ type: 'createSandbox', attempt: decision.attempt });
  return plan;
}

function planContainers(input: StepInput, sandboxId: string, plan: Plan): void {
  const initialised = planInit(input, sandboxId, plan);
  if (!initialised) return;
  for (const { container, role } of allContainers(input.pod)) {
    if (role === 'main' || role === 'ephemeral') planContainer(input, sandboxId, container, role, plan);
  }
}

/** Plans init containers and sidecars; returns whether the main containers may start. */
function planInit(input: StepInput, sandboxId: string, plan: Plan): boolean {
  const spec = podSpec(input.pod);
  const begun = (spec.containers ?? []).some((container) => latest(input.observed, container.name, sandboxId));
  for (const { container, role } of allContainers(input.pod)) {
    if (role !== 'init' && role !== 'sidecar') break;
    if (begun && role === 'init') continue;
    const instance = latest(input.observed, container.name, sandboxId);
    planContainer(input, sandboxId, container, role, plan);
    if (!begun && !initStageDone(input, container, role, instance)) return false;
  }
  return true;
}

/** A plain init container is done when it ended well; a sidecar when it runs and has passed its startup probe. */
function initStageDone(input: StepInput, container: Container, role: ContainerRole, instance: ContainerState | undefined): boolean {
  if (!instance) return false;
  if (role === 'init') return instance.phase === 'exited' && instance.exitCode === 0;
  if (instance.phase !== 'running') return false;
  return !container.startupProbe || input.probes.get(instance.id)?.started === true;
}

function planContainer(input: StepInput, sandboxId: string, container: Container, role: ContainerRole, plan: Plan): void {
  // An init container of an earlier sandbox says nothing: the new sandbox is set up from the beginning.
  const instance = latest(input.observed, container.name, role === 'init' || role === 'sidecar' ? sandboxId : undefined);
  if (instance?.phase === 'running' || instance?.phase === 'unknown') {
    const message = reasonToKill(input, container, role, instance);
    if (message) kill(input, container, instance, plan, { message });
    else if (isAnother(container, role, instance))
      kill(input, container, instance, plan, {
        message: `Container ${container.name} definition changed, will be restarted`,
        restart: 'changed',
      });
    else if (mustRestart(input, instance))
      kill(input, container, instance, plan, { message: `Container ${container.name} resize requires restart`, restart: 'resized' });
    return;
  }
  const ended = instance?.phase === 'exited' ? instance : undefined;
  const returns = ended !== undefined && isComingBack(input.memory, ended);
  if (ended && !returns && !shouldRestart(input.pod, container, role, ended.exitCode)) return;
  // A start under way is looked at again when it has ended; until then what is seen of its container is the instance before.
  if (input.memory.operations.has('start') || !mayTry(input, container.name, plan)) return;
  const entry = input.memory.crashes.get(container.name);
  const anew = ended !== undefined && isAnother(container, role, ended);
  const stopped = ended !== undefined && wasStopped(input.memory, ended);
  const wait = ended && !returns && !anew ? crashWait(entry, ended.finishedAt, input.now, stopped) : 0;
  if (wait > 0) {
    plan.wakeAt.push(input.now + wait);
    plan.events.push(backOffEvent(input, container, ended));
    return;
  }
  // The first that is stopped has none before it whose end could count.
  const restart = ended !== undefined && !returns && !(stopped && ended.attempt === 0);
  start(input, sandboxId, plan, { container, role, restart, ...(anew ? { anew } : {}) });
}

function backOffEvent(input: StepInput, container: Container, ended: ContainerState | undefined): StepEvent {
  const message = `Back-off restarting failed container ${container.name} in pod ${podLabel(input.pod)}`;
  return { type: 'Warning', reason: 'BackOff', message, container: container.name, key: `BackOff/${container.name}/${ended?.attempt}` };
}

/** Starts are one after another, in the order of the spec: a later one waits for the next step. */
function start(input: StepInput, sandboxId: string, plan: Plan, what: Omit<Start, 'type' | 'attempt' | 'sandboxId'>): void {
  if (isResizing(input, plan) || plan.actions.some((action) => action.type === 'startContainer')) return;
  plan.actions.push({ type: 'startContainer', ...what, attempt: nextAttempt(input, what.container.name), sandboxId });
}

/** Restart counts go on from what the runtime holds, else from what the status last said. */
function nextAttempt(input: StepInput, name: string): number {
  const instance = latest(input.observed, name);
  if (instance) return instance.attempt + 1;
  const status = input.memory.status ?? input.pod.status;
  const all = [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ];
  const known = all.find((s) => s.name === name);
  return known?.containerID ? (known.restartCount ?? 0) + 1 : 0;
}

function reasonToKill(input: StepInput, container: Container, role: ContainerRole, instance: ContainerState): string | undefined {
  if (instance.phase === 'unknown') return `Container ${container.name} is in unknown state, try killing it before restart`;
  const failed = input.probes.get(instance.id)?.failed;
  if (failed) {
    const then = shouldRestart(input.pod, container, role, 137) ? ', will be restarted' : '';
    return `Container ${container.name} failed ${failed} probe${then}`;
  }
  return undefined;
}

function mustRestart(input: StepInput, instance: ContainerState): boolean {
  return unevenContainers(input).some((each) => each.id === instance.id && needsRestart(each));
}

function kill(input: StepInput, container: Container, instance: ContainerState, plan: Plan, why: Pick<Stop, 'message' | 'restart'>): void {
  if (input.memory.kills.has(instance.id)) return;
  const failed = input.probes.get(instance.id)?.failed;
  const probe = failed === 'startup' ? container.startupProbe : failed === 'liveness' ? container.livenessProbe : undefined;
  const graceSeconds = Number(probe?.terminationGracePeriodSeconds ?? killGrace(input));
  plan.actions.push({ type: 'killContainer', id: instance.id, name: container.name, graceSeconds, ...why });
}

/** Keeps one ended instance of each container for its last state and log; older ones and earlier sandboxes go (as Kubernetes' container GC). */
function planCleanup(input: StepInput, sandboxId: string, plan: Plan): void {
  const kept = new Set<string>();
  for (const instance of input.observed.containers) {
    if (instance.phase === 'running' || input.memory.operations.has('start')) continue;
    if (instance.phase === 'exited' && !kept.has(instance.name)) kept.add(instance.name);
    else plan.actions.push({ type: 'removeContainer', id: instance.id });
  }
  for (const sandbox of input.observed.sandboxes) {
    const used = input.observed.containers.some((instance) => instance.sandboxId === sandbox.id);
    if (sandbox.id !== sandboxId && !sandbox.ready && !used) plan.actions.push({ type: 'removeSandbox', id: sandbox.id });
  }
}
