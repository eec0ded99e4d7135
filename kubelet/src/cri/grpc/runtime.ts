import type { ServiceError } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import type { Clock } from '@keelson/base';
import type { Containers, Images, LinuxResources, Runtime, RuntimeInfo, Sandboxes, Streams } from '../types.ts';
import { CriClient } from './client.ts';
import { RuntimeServiceDefinition } from './codec/cri.ts';
import { GrpcContainers } from './containers.ts';
import { GrpcImages } from './images.ts';
import { linuxResources } from './requests.ts';
import { runtimeInfo } from './responses.ts';
import { GrpcSandboxes } from './sandboxes.ts';
import { GrpcStreams } from './streams.ts';

const { fullName: service, methods } = RuntimeServiceDefinition;
const eventRetryMs = 1000;

export interface GrpcRuntimeOptions {
  /** Absolute path of the runtime's unix socket, with or without `unix://` before it. */
  readonly socket: string;
  readonly clock: Clock;
  /** The kubelet's `--runtime-request-timeout`: two minutes when absent. */
  readonly timeoutMs?: number;
}

/** A runtime behind CRI v1 on a unix socket: containerd 1.6 to 2.x. Nothing is connected until the first call. */
export class GrpcRuntime implements Runtime {
  readonly sandboxes: Sandboxes;
  readonly containers: Containers;
  readonly images: Images;
  readonly streams: Streams;
  readonly #client: CriClient;
  readonly #clock: Clock;
  readonly #timeoutMs: number;

  constructor({ socket, clock, timeoutMs = 120_000 }: GrpcRuntimeOptions) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#client = new CriClient(socket.replace(/^unix:\/\//, ''), clock);
    this.sandboxes = new GrpcSandboxes(this.#client, timeoutMs);
    this.containers = new GrpcContainers(this.#client, timeoutMs);
    this.images = new GrpcImages(this.#client, timeoutMs);
    this.streams = new GrpcStreams(this.#client, timeoutMs);
  }

  async info(): Promise<RuntimeInfo> {
    const [version, { status: now }] = await Promise.all([
      this.#client.call(service, methods.version, { version: '0.1.0' }, this.#timeoutMs),
      this.#client.call(service, methods.status, {}, this.#timeoutMs),
    ]);
    return runtimeInfo(version, now?.conditions ?? []);
  }

  async updateResources(containerId: string, resources: LinuxResources): Promise<void> {
    const request = { containerId, linux: linuxResources(resources) };
    await this.#client.call(service, methods.updateContainerResources, request, this.#timeoutMs);
  }

  /** Listens again after a second when the stream breaks; stops for good when the runtime has no events (containerd 1.6). */
  events(signal: AbortSignal, onChange: (sandboxId: string) => void): void {
    if (signal.aborted) return;
    const stream = this.#client.stream(service, methods.getContainerEvents, {});
    const stop = (): void => stream.cancel();
    signal.addEventListener('abort', stop, { once: true });
    stream.on('data', ({ podSandboxStatus }: { podSandboxStatus: { id: string } | undefined }) => {
      if (podSandboxStatus) onChange(podSandboxStatus.id);
    });
    let unoffered = false;
    stream.on('error', (error: ServiceError) => {
      unoffered = error.code === status.UNIMPLEMENTED;
    });
    stream.on('close', () => {
      signal.removeEventListener('abort', stop);
      if (!unoffered && !signal.aborted) this.#clock.after(eventRetryMs, () => this.events(signal, onChange));
    });
  }

  close(): void {
    this.#client.close();
  }
}
