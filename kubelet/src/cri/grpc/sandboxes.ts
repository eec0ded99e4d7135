import type { Sandbox, SandboxConfig, Sandboxes, SandboxStatus } from '../types.ts';
import { type CriClient, unlessGone } from './client.ts';
import { PodSandbox, RuntimeServiceDefinition } from './codec/cri.ts';
import { ListReader } from './lists.ts';
import { sandboxConfig } from './requests.ts';
import * as response from './responses.ts';

const { fullName: service, methods } = RuntimeServiceDefinition;

export class GrpcSandboxes implements Sandboxes {
  readonly #client: CriClient;
  readonly #timeoutMs: number;
  readonly #reader = new ListReader({ type: PodSandbox, stateField: 3 }, response.sandbox);

  constructor(client: CriClient, timeoutMs: number) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
  }

  /** Waits twice as long as other calls, as the kubelet does: the runtime sets up the network in it. */
  async run(config: SandboxConfig): Promise<string> {
    const request = { config: sandboxConfig(config), runtimeHandler: config.runtimeHandler };
    return (await this.#client.call(service, methods.runPodSandbox, request, this.#timeoutMs * 2)).podSandboxId;
  }

  async stop(podSandboxId: string): Promise<void> {
    await unlessGone(this.#client.call(service, methods.stopPodSandbox, { podSandboxId }, this.#timeoutMs));
  }

  async remove(podSandboxId: string): Promise<void> {
    await unlessGone(this.#client.call(service, methods.removePodSandbox, { podSandboxId }, this.#timeoutMs));
  }

  async list(): Promise<readonly Sandbox[]> {
    return this.#client.call(service, this.#reader.method(methods.listPodSandbox), {}, this.#timeoutMs);
  }

  async status(podSandboxId: string): Promise<SandboxStatus | undefined> {
    const found = await unlessGone(this.#client.call(service, methods.podSandboxStatus, { podSandboxId }, this.#timeoutMs));
    return found?.status && response.sandboxStatus(found.status);
  }
}
