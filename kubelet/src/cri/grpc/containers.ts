import type { Container, ContainerConfig, ContainerState, ContainerStats, Containers, SandboxConfig } from '../types.ts';
import { type CriClient, unlessGone } from './client.ts';
import { Container as ContainerMessage, RuntimeServiceDefinition } from './codec/cri.ts';
import { ListReader } from './lists.ts';
import { containerConfig, sandboxConfig } from './requests.ts';
import * as response from './responses.ts';

const { fullName: service, methods } = RuntimeServiceDefinition;

export class GrpcContainers implements Containers {
  readonly #client: CriClient;
  readonly #timeoutMs: number;
  /** Sandbox of each known container: a container's status and statistics do not name it. */
  #sandboxes = new Map<string, string>();
  readonly #reader = new ListReader({ type: ContainerMessage, stateField: 6 }, response.container);

  constructor(client: CriClient, timeoutMs: number) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
  }

  async create(podSandboxId: string, config: ContainerConfig, sandbox: SandboxConfig): Promise<string> {
    const request = { podSandboxId, config: containerConfig(config), sandboxConfig: sandboxConfig(sandbox) };
    const { containerId } = await this.#client.call(service, methods.createContainer, request, this.#timeoutMs);
    this.#sandboxes.set(containerId, podSandboxId);
    return containerId;
  }

  async start(containerId: string): Promise<void> {
    await this.#client.call(service, methods.startContainer, { containerId }, this.#timeoutMs);
  }

  async stop(containerId: string, graceSeconds: number): Promise<void> {
    const timeout = BigInt(Math.max(0, Math.ceil(graceSeconds)));
    const call = this.#client.call(service, methods.stopContainer, { containerId, timeout }, this.#timeoutMs + Number(timeout) * 1000);
    await unlessGone(call);
  }

  async remove(containerId: string): Promise<void> {
    await unlessGone(this.#client.call(service, methods.removeContainer, { containerId }, this.#timeoutMs));
    this.#sandboxes.delete(containerId);
  }

  async list(): Promise<readonly Container[]> {
    const containers = await this.#client.call(service, this.#reader.method(methods.listContainers), {}, this.#timeoutMs);
    this.#sandboxes = new Map(containers.map(({ id, sandboxId }) => [id, sandboxId]));
    return containers;
  }

  async status(containerId: string): Promise<ContainerState | undefined> {
    const found = await unlessGone(this.#client.call(service, methods.containerStatus, { containerId }, this.#timeoutMs));
    if (!found?.status) return undefined;
    if (!this.#sandboxes.has(containerId)) await this.list();
    return response.containerState(found.status, this.#sandboxes.get(containerId) ?? '');
  }

  async stats(): Promise<readonly ContainerStats[]> {
    const { stats } = await this.#client.call(service, methods.listContainerStats, {}, this.#timeoutMs);
    if (stats.some(({ attributes }) => attributes && !this.#sandboxes.has(attributes.id))) await this.list();
    return stats.flatMap((each) => response.containerStats(each, this.#sandboxes));
  }

  async reopenLog(containerId: string): Promise<void> {
    await this.#client.call(service, methods.reopenContainerLog, { containerId }, this.#timeoutMs);
  }
}
