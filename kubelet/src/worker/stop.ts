import { type Clock, sleep } from '@keelson/base';
import { ApiError } from '@keelson/client';
import { Pod } from '@keelson/types';
import { podDirectory, podLogDirectory } from '../config/paths.ts';
import { allContainers } from '../pod/containers.ts';
import { podName, podNamespace } from '../pod/naming.ts';
import { isItsTurn, minimumGraceSeconds } from '../pod/termination.ts';
import type { Action } from '../pod/types.ts';
import type { WorkerDeps } from './deps.ts';
import { runHook } from './hooks.ts';
import type { PodRecord } from './record.ts';
import { contentFacts } from './volumes.ts';

type KillAction = Extract<Action, { type: 'killContainer' }>;

/**
 * Stops one container: its preStop hook, the wait for its turn and SIGTERM share the grace, then SIGKILL. Resolves when it has ended. A hook
 * that is not over when the grace is goes on until its container ends, as in Kubernetes.
 */
export async function killContainer(deps: WorkerDeps, record: PodRecord, action: KillAction): Promise<void> {
  const { clock } = deps;
  const hurried = record.kills.has(action.id);
  const began = clock.now();
  record.kills.set(action.id, {
    at: record.kills.get(action.id)?.at ?? began,
    graceSeconds: action.graceSeconds,
    ...(action.restart ? { restart: action.restart } : {}),
  });
  if (!hurried) deps.event(record.pod, 'Normal', 'Killing', action.message, action.name);
  const left = (): number => action.graceSeconds - Math.floor((clock.now() - began) / 1000);
  const ended = new AbortController();
  try {
    // A container that is killed again in a hurry has had its hook.
    if (!hurried && left() > 0) await atMost(clock, left(), preStop(deps, record, action, ended.signal));
    if (action.inTurn && left() > 0) await atMost(clock, left(), turn(record, action.name, ended.signal));
    await deps.runtime.containers.stop(action.id, action.graceSeconds === 0 ? 0 : Math.max(left(), minimumGraceSeconds));
  } catch (error) {
    record.kills.delete(action.id);
    throw error;
  } finally {
    ended.abort();
  }
}

/** Waits until some work is done, or that many seconds have passed. */
async function atMost(clock: Clock, seconds: number, work: Promise<void>): Promise<void> {
  const done = new AbortController();
  const late = sleep(clock, seconds * 1000, done.signal).catch(() => undefined);
  await Promise.race([work, late]).finally(() => done.abort());
}

/** Waits until the containers that have to end before this one have. */
async function turn(record: PodRecord, name: string, ended: AbortSignal): Promise<void> {
  while (!ended.aborted && !isItsTurn(record.pod, record.observed, name)) await record.looked;
}

/** Runs the container's hook, if it has one, until it returns or the container has ended. */
async function preStop(deps: WorkerDeps, record: PodRecord, action: KillAction, ended: AbortSignal): Promise<void> {
  const { container } = allContainers(record.pod).find((each) => each.container.name === action.name) ?? {};
  const handler = container?.lifecycle?.preStop;
  if (!container || !handler) return;
  const podIP = contentFacts(deps, record).facts.podIPs[0] ?? '127.0.0.1';
  const context = {
    clock: deps.clock,
    prober: deps.prober,
    container,
    containerId: action.id,
    podIP,
    warn: (reason: string, message: string) => deps.event(record.pod, 'Warning', reason, message),
  };
  const failure = await runHook(handler, { ...context, signal: ended });
  if (failure !== undefined && !ended.aborted) deps.event(record.pod, 'Warning', 'FailedPreStopHook', 'PreStopHook failed', action.name);
}

/** Releases the API object once its last status is written: the pod holds nothing of the node any more. */
export async function deletePod(deps: WorkerDeps, record: PodRecord): Promise<void> {
  // Asked again only if nothing comes of it: the server's own word that it is gone arrives by watch.
  record.failures.set('/delete', { reason: '', message: '', retryAt: deps.clock.now() + 5_000 });
  await deps.reporter.flush(record.uid);
  const key = { name: podName(record.pod), namespace: podNamespace(record.pod) };
  try {
    await deps.api.delete(Pod, key, { gracePeriodSeconds: 0, preconditions: { uid: record.uid } });
  } catch (error) {
    if (!(error instanceof ApiError) || (error.code !== 404 && error.code !== 409)) throw error;
  }
}

/** Each container's log goes with it. */
export async function removeContainers({ runtime, observer, host }: WorkerDeps, { observed }: PodRecord): Promise<void> {
  for (const { id, logPath } of observed.containers) {
    await runtime.containers.remove(id);
    observer.drop(id);
    if (logPath) await host.remove(logPath);
  }
}

/** Removes every trace of a pod that has ended and that nobody knows any more. */
export async function cleanUpPod(deps: WorkerDeps, record: PodRecord): Promise<void> {
  await removeContainers(deps, record);
  for (const { id } of record.observed.sandboxes) {
    await deps.runtime.sandboxes.remove(id);
    deps.observer.drop(id);
  }
  const { paths } = deps.node.settings;
  await deps.drivers?.unmountAll(podDirectory(paths, record.uid));
  await deps.host.remove(podDirectory(paths, record.uid));
  await deps.host.remove(podLogDirectory(paths, record.pod));
  await deps.node.release(record.pod);
  deps.tokens.forget(record.uid);
  deps.objects.unfollow(record.uid);
  deps.reporter.forget(record.uid);
}
