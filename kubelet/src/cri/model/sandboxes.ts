import type { Sandbox, SandboxConfig, Sandboxes, SandboxStatus } from '../types.ts';
import { forget } from './containers.ts';
import type { SandboxRecord, World } from './world.ts';

export class ModelSandboxes implements Sandboxes {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  async run(config: SandboxConfig): Promise<string> {
    const world = this.#world;
    world.enter('RunPodSandbox');
    const id = world.newId();
    world.reserve(sandboxName(config), id);
    const ips = config.namespaces.network === 'pod' ? [this.#address(config)] : [];
    await world.wait(world.options.sandboxDelayMs ?? 0);
    const { name, namespace, uid, attempt, labels, annotations } = config;
    const status = { id, name, namespace, uid, attempt, labels, annotations, ready: true, createdAt: world.clock.now(), ips };
    world.sandboxes.set(id, { config, status, containers: new Set() });
    world.changed(id);
    return id;
  }

  async stop(id: string): Promise<void> {
    this.#world.enter('StopPodSandbox');
    const record = this.#world.sandboxes.get(id);
    if (record) stopSandbox(this.#world, record);
  }

  async remove(id: string): Promise<void> {
    const world = this.#world;
    world.enter('RemovePodSandbox');
    const record = world.sandboxes.get(id);
    if (!record) return;
    stopSandbox(world, record);
    for (const container of [...record.containers]) forget(world, container);
    world.names.delete(sandboxName(record.config));
    world.sandboxes.delete(id);
    world.changed(id);
  }

  async list(): Promise<readonly Sandbox[]> {
    this.#world.enter('ListPodSandbox');
    return Array.from(this.#world.sandboxes.values(), (record) => record.status);
  }

  async status(id: string): Promise<SandboxStatus | undefined> {
    this.#world.enter('PodSandboxStatus');
    return this.#world.sandboxes.get(id)?.status;
  }

  #address(config: SandboxConfig): string {
    try {
      return this.#world.addresses.take();
    } catch (error) {
      this.#world.names.delete(sandboxName(config));
      throw error;
    }
  }
}

/** Kills what runs in it and gives its address back. */
export function stopSandbox(world: World, record: SandboxRecord): void {
  for (const id of record.containers) {
    const container = world.container(id);
    if (container.state.phase === 'running') world.exit(container, 137, 'Error');
  }
  if (!record.status.ready) return;
  for (const ip of record.status.ips) world.addresses.release(ip);
  record.status = { ...record.status, ready: false };
  world.changed(record.status.id);
}

function sandboxName({ name, namespace, uid, attempt }: SandboxConfig): string {
  return `${name}_${namespace}_${uid}_${attempt}`;
}
