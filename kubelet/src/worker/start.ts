import { errorMessage } from '@keelson/base';
import type { Container, Secret } from '@keelson/types';
import { containerConfig } from '../config/container.ts';
import { containerEnv, fileName } from '../config/env.ts';
import { ConfigError } from '../config/errors.ts';
import { volumeDevices } from '../config/mounts.ts';
import { volumePath } from '../config/paths.ts';
import { sandboxConfig } from '../config/sandbox.ts';
import type { ContainerConfig, SandboxConfig } from '../cri/types.ts';
import { type DeviceOptions, noOptions } from '../devices/types.ts';
import { ImageError, type ReadyImage } from '../image/images.ts';
import { imageVolumes } from '../image/volumes.ts';
import { podSpec } from '../pod/containers.ts';
import { nextCrash } from '../pod/crash.ts';
import type { Action } from '../pod/types.ts';
import { envReferences } from '../volume/references.ts';
import type { WorkerDeps } from './deps.ts';
import { runHook } from './hooks.ts';
import { containerMounts } from './mounts.ts';
import type { PodRecord } from './record.ts';
import { contentFacts } from './volumes.ts';

type Start = Extract<Action, { type: 'startContainer' }>;

/** What is on the node for a start: the container's image, and those its volumes show, by the volume's name. */
interface Ready {
  readonly sandbox: SandboxConfig;
  readonly image: ReadyImage;
  readonly volumes: ReadonlyMap<string, string>;
}

/** How long a failure that may pass by itself stands before the next try, as Kubernetes' pod workers wait. */
const retryAfter = 10_000;

/** A container the runtime refused: `reason` is the waiting reason. */
class StartError extends Error {
  readonly reason: string;

  constructor(reason: string, cause: unknown) {
    super(errorMessage(cause), { cause });
    this.reason = reason;
  }
}

/**
 * Starts one container: image, configuration, create, start, postStart. Never rejects: why it could not be started is remembered as the
 * container's failure and told in an event. Called off between stages when the pod begins to end.
 */
export async function startContainer(deps: WorkerDeps, record: PodRecord, action: Start): Promise<void> {
  const { name } = action.container;
  try {
    await attempt(deps, record, action);
    record.failures.delete(name);
  } catch (error) {
    if (record.ending.aborted) return;
    const message = errorMessage(error);
    const reason =
      error instanceof ConfigError || error instanceof ImageError || error instanceof StartError ? error.reason : 'CreateContainerError';
    const soon = reason === 'RunContainerError' || reason === 'PostStartHookError';
    const retryAt = error instanceof ImageError ? error.retryAt : deps.clock.now() + (soon ? 1_000 : retryAfter);
    record.failures.set(name, { reason, message, retryAt });
    // Of its hook the container has told already, without what might be a secret.
    if (reason === 'PostStartHookError') return;
    const text = error instanceof ImageError ? error.reason : message;
    deps.event(record.pod, 'Warning', reason === 'InvalidImageName' ? 'InspectFailed' : 'Failed', `Error: ${text}`, name);
  }
}

async function attempt(deps: WorkerDeps, record: PodRecord, action: Start): Promise<void> {
  const { pod } = record;
  const { container } = action;
  const handler = await deps.node.runtimeHandler(podSpec(pod).runtimeClassName ?? '');
  const sandbox = sandboxConfig(
    pod,
    record.observed.sandboxes.find((s) => s.id === action.sandboxId)?.attempt ?? 0,
    deps.node.settings,
    handler,
  );
  const ensure = (wanted: Container): Promise<ReadyImage> =>
    deps.images.ensure({
      pod,
      container: wanted,
      sandbox,
      pullSecrets: () => pullSecrets(deps, record),
      event: (type, reason, message) => deps.event(pod, type, reason, message, container.name),
    });
  const volumes = await unlessEnding(record, imageVolumes(deps.runtime, pod, container, ensure));
  const image = await unlessEnding(record, ensure(container));
  const id = await deps.limiter.run('first', () => createAndStart(deps, record, action, { sandbox, image, volumes }));
  if (id !== undefined && container.lifecycle?.postStart) await postStart(deps, record, container, id);
}

/** A pull cannot be called off, but nobody has to wait for it. */
function unlessEnding<T>({ ending }: PodRecord, work: Promise<T>): Promise<T> {
  if (ending.aborted) return Promise.reject(ending.reason);
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(ending.reason);
  ending.addEventListener('abort', stop, { once: true });
  return Promise.race([work, promise]).finally(() => ending.removeEventListener('abort', stop));
}

async function createAndStart(
  deps: WorkerDeps,
  record: PodRecord,
  action: Start,
  { sandbox, image, volumes }: Ready,
): Promise<string | undefined> {
  const { pod } = record;
  const { container } = action;
  const config = await configure(deps, record, action, { image, volumes });
  if (record.ending.aborted) return undefined;
  const id = await deps.runtime.containers.create(action.sandboxId, config, sandbox).catch((error: unknown) => {
    throw new StartError('CreateContainerError', error);
  });
  deps.observer.addContainer(sandbox, id);
  deps.event(pod, 'Normal', 'Created', 'Container created', container.name);
  if (record.ending.aborted) return undefined;
  if (container.lifecycle?.postStart) record.starting.add(id);
  await deps.runtime.containers
    .start(id)
    .catch((error: unknown) => {
      record.starting.delete(id);
      throw new StartError('RunContainerError', error);
    })
    .finally(() => countCrash(record, action, deps.clock.now()));
  deps.event(pod, 'Normal', 'Started', 'Container started', container.name);
  return id;
}

/** All that is said to the runtime of a container, with its volumes and devices made ready. @throws ConfigError */
async function configure(
  deps: WorkerDeps,
  record: PodRecord,
  action: Start,
  { image, volumes }: Omit<Ready, 'sandbox'>,
): Promise<ContainerConfig> {
  const { pod, claimed } = record;
  const { container, attempt } = action;
  const given = await deviceOptions(deps, record, container);
  const env = new Map([...given.env, ...(await environment(deps, record, container))]);
  return containerConfig({
    pod,
    container,
    attempt,
    image: image.image,
    imageRef: image.ref,
    env,
    mounts: [...given.mounts, ...(await containerMounts(deps, record, { container, attempt, env, images: volumes }))],
    devices: [...given.devices, ...volumeDevices({ pod, paths: deps.node.settings.paths, claimed }, container)],
    cdiDevices: given.cdiDevices,
    annotations: given.annotations,
    node: deps.node.settings,
  });
}

/** Not before the container was started: until then the one before it would be shown as waiting for its next try. */
function countCrash({ crashes }: PodRecord, { container: { name }, restart, anew }: Start, now: number): void {
  if (anew) crashes.delete(name);
  if (restart) crashes.set(name, nextCrash(crashes.get(name), now));
}

async function deviceOptions({ devices }: WorkerDeps, { pod }: PodRecord, container: Container): Promise<DeviceOptions> {
  if (!devices) return noOptions;
  return devices.options(pod, container).catch((error: unknown) => {
    throw new ConfigError(errorMessage(error));
  });
}

async function environment(deps: WorkerDeps, record: PodRecord, container: Container): Promise<Map<string, string>> {
  const { configMaps, secrets } = await deps.objects.fetch(record.pod, envReferences(record.pod), record.since);
  const files = await envFiles(deps, record, container);
  const sources = { configMaps, secrets, files, services: deps.node.services(), ...contentFacts(deps, record) };
  return containerEnv(record.pod, container, sources);
}

/** Bytes of an env file that are looked at. */
const envFileBytes = 64 * 1024;

async function envFiles({ host, node }: WorkerDeps, { pod, uid }: PodRecord, { env }: Container): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const { valueFrom } of env ?? []) {
    const ref = valueFrom?.fileKeyRef;
    const volume = ref && podSpec(pod).volumes?.find(({ name }) => name === ref.volumeName);
    const directory = volume && volumePath(node.settings.paths, uid, volume);
    const text = directory && (await host.readBelow(directory, ref.path, envFileBytes));
    if (text) files.set(fileName(ref), text.toString());
  }
  return files;
}

async function pullSecrets(deps: WorkerDeps, record: PodRecord): Promise<readonly Secret[]> {
  const names = (podSpec(record.pod).imagePullSecrets ?? []).flatMap(({ name }) => name ?? []);
  if (names.length === 0) return [];
  const { secrets } = await deps.objects.fetch(record.pod, { configMaps: new Set(), secrets: new Set(names), tokens: [] }, record.since);
  return [...secrets.values()];
}

/** A container whose postStart fails is killed and comes back by its restart policy. */
async function postStart(deps: WorkerDeps, record: PodRecord, container: Container, containerId: string): Promise<void> {
  const handler = container.lifecycle?.postStart;
  if (!handler) return;
  const podIP = contentFacts(deps, record).facts.podIPs[0] ?? '127.0.0.1';
  const failure = await runHook(handler, {
    clock: deps.clock,
    prober: deps.prober,
    container,
    containerId,
    podIP,
    signal: record.ending,
    warn: (reason, message) => deps.event(record.pod, 'Warning', reason, message),
  });
  record.starting.delete(containerId);
  if (failure === undefined || record.ending.aborted) return;
  deps.event(record.pod, 'Warning', 'FailedPostStartHook', 'PostStartHook failed', container.name);
  deps.event(record.pod, 'Normal', 'Killing', 'FailedPostStartHook', container.name);
  await deps.runtime.containers.stop(containerId, Number(podSpec(record.pod).terminationGracePeriodSeconds ?? 30));
  throw new StartError('PostStartHookError', failure);
}
