import { errorMessage, unreachable } from '@keelson/base';
import { hostsFile } from '../config/hosts.ts';
import { hostsPath } from '../config/paths.ts';
import { podCgroupLimits } from '../config/resources.ts';
import { sandboxConfig } from '../config/sandbox.ts';
import { podSpec } from '../pod/containers.ts';
import { nextCrash } from '../pod/crash.ts';
import type { Action } from '../pod/types.ts';
import type { WorkerDeps } from './deps.ts';
import type { PodRecord } from './record.ts';
import { resizePod, setCgroup } from './resize.ts';
import { startContainer } from './start.ts';
import { deletePod, killContainer } from './stop.ts';
import { bringVolumesUpToDate, setUpVolumes, takeDownVolumes } from './volumes.ts';

type Remove = Extract<Action, { type: 'removeContainer' }>;

/** Does what a step asked for. @throws what the runtime or the API server said; the next step asks again. */
export async function perform(deps: WorkerDeps, record: PodRecord, action: Action): Promise<void> {
  switch (action.type) {
    case 'mountVolumes':
      return setUpVolumes(deps, record);
    case 'refreshVolumes':
      return bringVolumesUpToDate(deps, record);
    case 'createSandbox':
      return createSandbox(deps, record, action.attempt);
    case 'startContainer':
      return startContainer(deps, record, action);
    case 'killContainer':
      return killContainer(deps, record, action);
    case 'resizePod':
      return resizePod(deps, record, action);
    case 'removeContainer':
      return removeContainer(deps, record, action);
    case 'stopSandbox':
      return deps.limiter.run('after', () => deps.runtime.sandboxes.stop(action.id));
    case 'removeSandbox':
      await deps.runtime.sandboxes.remove(action.id);
      return deps.observer.drop(action.id);
    case 'unmountVolumes':
      return takeDownVolumes(deps, record);
    case 'deletePod':
      return deletePod(deps, record);
    default:
      return unreachable(action);
  }
}

async function createSandbox(deps: WorkerDeps, record: PodRecord, attempt: number): Promise<void> {
  const { pod } = record;
  const { node } = deps;
  try {
    await deps.devices?.prepare(pod);
  } catch (error) {
    const message = errorMessage(error);
    record.failures.set('/sandbox', { reason: 'ContainerCreating', message, retryAt: deps.clock.now() + 2_000 });
    deps.event(pod, 'Warning', 'FailedPrepareDynamicResources', `Failed to prepare dynamic resources: ${message}`);
    return;
  }
  try {
    const problem = podSpec(pod).hostNetwork ? undefined : node.networkProblem();
    if (problem) throw new Error(`network is not ready: container runtime network not ready: ${problem}`);
    if (podSpec(pod).hostUsers === false) throw new Error("can't set `spec.hostUsers: false`, runtime does not support user namespaces");
    const config = sandboxConfig(pod, attempt, node.settings, await node.runtimeHandler(podSpec(pod).runtimeClassName ?? ''));
    await setCgroup(deps, record, podCgroupLimits(pod));
    const id = await deps.limiter.run('after', () => deps.runtime.sandboxes.run(config));
    deps.observer.addSandbox(config, id);
    const ips = podSpec(pod).hostNetwork ? node.hostIPs : ((await deps.runtime.sandboxes.status(id))?.ips ?? []);
    await deps.host.write(hostsPath(node.settings.paths, pod), hostsFile(pod, ips, node.settings.cluster.domain, node.hostsFile), 0o644);
    record.failures.delete('/sandbox');
  } catch (error) {
    const message = errorMessage(error);
    record.failures.set('/sandbox', { reason: 'ContainerCreating', message, retryAt: deps.clock.now() + 2_000 });
    const reason = message.startsWith('network is not ready') ? 'NetworkNotReady' : 'FailedCreatePodSandBox';
    deps.event(pod, 'Warning', reason, reason === 'NetworkNotReady' ? message : `Failed to create pod sandbox: ${message}`);
  }
}

/** The log goes with the container it tells of. */
async function removeContainer(deps: WorkerDeps, record: PodRecord, { id, crashed }: Remove): Promise<void> {
  const logPath = record.observed.containers.find((container) => container.id === id)?.logPath;
  await deps.runtime.containers.remove(id);
  deps.observer.drop(id);
  if (crashed) record.crashes.set(crashed, nextCrash(record.crashes.get(crashed), deps.clock.now()));
  record.kills.delete(id);
  record.actuated.delete(id);
  if (logPath) await deps.host.remove(logPath);
}
