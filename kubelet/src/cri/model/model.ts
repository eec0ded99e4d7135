import type { Containers, Images, LinuxResources, Runtime, RuntimeError, RuntimeInfo, Sandboxes, Streams } from '../types.ts';
import { ModelContainers } from './containers.ts';
import { ModelImages } from './images.ts';
import type { LogLine, ModelCall, ModelOptions } from './options.ts';
import { ModelSandboxes, stopSandbox } from './sandboxes.ts';
import { ModelStreams } from './streams.ts';
import { exitReason, World } from './world.ts';

/**
 * A container runtime that runs nothing: sandboxes and containers are records that behave as `ModelOptions.behaviour` says, on the given
 * clock and chance. It holds no timer for a container that runs until stopped, so thousands of pods cost only their memory.
 */
export class ModelRuntime implements Runtime {
  readonly sandboxes: Sandboxes;
  readonly containers: Containers;
  readonly images: Images;
  readonly streams: Streams;
  readonly #world: World;
  #info: RuntimeInfo = { name: 'model', version: '1.0.0', ready: true, networkReady: true, message: '' };

  constructor(options: ModelOptions) {
    this.#world = new World(options);
    this.sandboxes = new ModelSandboxes(this.#world);
    this.containers = new ModelContainers(this.#world);
    this.images = new ModelImages(this.#world);
    this.streams = new ModelStreams(this.#world);
  }

  async info(): Promise<RuntimeInfo> {
    this.#world.enter('Status');
    return this.#info;
  }

  async updateResources(containerId: string, resources: LinuxResources): Promise<void> {
    this.#world.enter('UpdateContainerResources');
    this.#world.container(containerId).resources = resources;
  }

  events(signal: AbortSignal, onChange: (sandboxId: string) => void): void {
    if (signal.aborted) return;
    this.#world.listeners.add(onChange);
    signal.addEventListener('abort', () => this.#world.listeners.delete(onChange), { once: true });
  }

  close(): void {
    this.#world.listeners.clear();
    for (const record of this.#world.containers.values()) this.#world.cancel(record);
  }

  /** Makes the runtime answer `info` with these. */
  setInfo(info: Partial<RuntimeInfo>): void {
    this.#info = { ...this.#info, ...info };
  }

  /** The next call of that name rejects with `error`; asked twice, the next two do. */
  failNext(call: ModelCall, error: RuntimeError): void {
    const queued = this.#world.failures.get(call) ?? [];
    this.#world.failures.set(call, [...queued, error]);
  }

  /** Ends a running container by itself, as a crash does. @throws RuntimeError when it is not running. */
  exit(containerId: string, exitCode: number, reason = exitReason(exitCode), message = ''): void {
    this.#world.exit(this.#world.running(containerId), exitCode, reason, message);
  }

  /** Ends a sandbox by itself with all that runs in it, as when its pause process dies. @throws RuntimeError when there is none. */
  crash(sandboxId: string): void {
    stopSandbox(this.#world, this.#world.sandbox(sandboxId));
  }

  /** Makes a running container print a line. @throws RuntimeError when it is not running. */
  print(containerId: string, text: string): void {
    this.#world.print(this.#world.running(containerId), text);
  }

  /** What a container may use now. @throws RuntimeError when there is no such container. */
  resources(containerId: string): LinuxResources {
    return this.#world.container(containerId).resources;
  }

  /** Every line the container printed, oldest first. @throws RuntimeError when there is no such container. */
  logs(containerId: string): readonly LogLine[] {
    return this.#world.container(containerId).lines;
  }
}
