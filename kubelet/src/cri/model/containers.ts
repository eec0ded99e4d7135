import type { Container, ContainerConfig, ContainerState, ContainerStats, Containers, SandboxConfig } from '../types.ts';
import { RuntimeError } from '../types.ts';
import { present } from './images.ts';
import type { Behaviour } from './options.ts';
import type { ContainerRecord, World } from './world.ts';
import { criPhase, exitReason } from './world.ts';

export class ModelContainers implements Containers {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  async create(sandboxId: string, config: ContainerConfig, sandbox: SandboxConfig): Promise<string> {
    const world = this.#world;
    world.enter('CreateContainer');
    const owner = world.sandbox(sandboxId);
    const image = present(world, config.image);
    if (!image) throw new RuntimeError('NotFound', `failed to get image from containerd ${JSON.stringify(config.image)}: not found`);
    const id = world.newId();
    world.reserve(containerName(config, sandbox), id);
    const { name, attempt, labels, annotations } = config;
    const unset = { startedAt: 0, finishedAt: 0, exitCode: 0, reason: '', message: '' };
    const where = { logPath: config.logPath === '' ? '' : `${sandbox.logDirectory}/${config.logPath}` };
    const what = { id, sandboxId, name, attempt, image: config.image, imageRef: image.id, labels, annotations };
    const state: ContainerState = { ...what, ...unset, ...where, phase: 'created', createdAt: world.clock.now() };
    const behaviour = world.options.behaviour?.(config, sandbox) ?? {};
    world.containers.set(id, {
      sandbox: owner,
      config,
      behaviour,
      resources: config.resources,
      state,
      ending: undefined,
      printing: [],
      onExit: [],
      lines: [],
      attached: new Set(),
    });
    owner.containers.add(id);
    world.changed(sandboxId);
    return id;
  }

  async start(id: string): Promise<void> {
    const world = this.#world;
    world.enter('StartContainer');
    const record = world.container(id);
    const { behaviour } = record;
    if (record.state.phase !== 'created') throw new RuntimeError('Unknown', `container is in ${criPhase(record.state.phase)} state`);
    if (!record.sandbox.status.ready)
      throw new RuntimeError('Unknown', `sandbox container ${JSON.stringify(record.state.sandboxId)} is not running`);
    await world.wait(behaviour.startDelayMs ?? 0);
    if (behaviour.startError !== undefined) {
      world.exit(record, 128, 'StartError', behaviour.startError);
      throw new RuntimeError('Unknown', behaviour.startError);
    }
    if (record.state.phase !== 'created' || !world.containers.has(id)) return;
    record.state = { ...record.state, phase: 'running', startedAt: world.clock.now() };
    record.printing.push(
      ...(behaviour.lines ?? []).map(({ afterMs, text }) => world.clock.after(afterMs, () => world.print(record, text))),
    );
    const code = behaviour.exitCode ?? 0;
    world.exitIn(record, behaviour.exitAfterMs ?? Number.POSITIVE_INFINITY, code, behaviour.reason ?? exitReason(code), behaviour.message);
    world.changed(record.state.sandboxId);
  }

  async stop(id: string, graceSeconds: number): Promise<void> {
    const world = this.#world;
    world.enter('StopContainer');
    const record = world.containers.get(id);
    if (record?.state.phase !== 'running') return;
    const ended = new Promise<void>((resolve) => record.onExit.push(resolve));
    const { ms, code } = stopOutcome(record.behaviour, graceSeconds);
    if (ms === 0) world.exit(record, code, exitReason(code));
    else world.exitIn(record, ms, code, exitReason(code));
    await ended;
  }

  async remove(id: string): Promise<void> {
    const world = this.#world;
    world.enter('RemoveContainer');
    const record = world.containers.get(id);
    if (!record) return;
    if (record.state.phase === 'running') world.exit(record, 137, 'Error');
    forget(world, id);
    world.changed(record.state.sandboxId);
  }

  async list(): Promise<readonly Container[]> {
    this.#world.enter('ListContainers');
    return Array.from(this.#world.containers.values(), (record) => record.state);
  }

  async status(id: string): Promise<ContainerState | undefined> {
    this.#world.enter('ContainerStatus');
    return this.#world.containers.get(id)?.state;
  }

  async stats(): Promise<readonly ContainerStats[]> {
    this.#world.enter('ListContainerStats');
    const now = this.#world.clock.now();
    return [...this.#world.containers.values()].filter(({ state }) => state.phase === 'running').map((record) => stats(record, now));
  }

  async reopenLog(id: string): Promise<void> {
    this.#world.enter('ReopenContainerLog');
    this.#world.running(id);
  }
}

/** When SIGTERM and the grace period together end a container, and with which code. */
function stopOutcome(behaviour: Behaviour, graceSeconds: number): { ms: number; code: number } {
  const grace = Math.max(graceSeconds, 0) * 1000;
  const { stopAfterMs = 0, stopExitCode = 0 } = behaviour;
  return grace > 0 && stopAfterMs <= grace ? { ms: stopAfterMs, code: stopExitCode } : { ms: grace, code: 137 };
}

function stats({ state, behaviour }: ContainerRecord, now: number): ContainerStats {
  const { id, sandboxId, name } = state;
  const nanosecondsPerMillisecondOfOneMillicore = 1000;
  const used = (now - state.startedAt) * (behaviour.cpuMillicores ?? 0) * nanosecondsPerMillisecondOfOneMillicore;
  const rootfs = { bytes: behaviour.diskBytes ?? 0, inodes: 1 };
  const memoryWorkingSetBytes = behaviour.memoryBytes ?? 0;
  return { id, sandboxId, name, at: now, cpuNanoSecondsTotal: BigInt(Math.round(used)), memoryWorkingSetBytes, rootfs };
}

/** Drops every trace of an ended container. */
export function forget(world: World, id: string): void {
  const record = world.containers.get(id);
  if (!record) return;
  record.sandbox.containers.delete(id);
  world.names.delete(containerName(record.config, record.sandbox.config));
  world.containers.delete(id);
}

function containerName(config: ContainerConfig, sandbox: SandboxConfig): string {
  return `${config.name}_${sandbox.name}_${sandbox.namespace}_${sandbox.uid}_${config.attempt}`;
}
