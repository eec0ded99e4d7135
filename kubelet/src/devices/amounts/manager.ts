import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, errorMessage, type Logger } from '@keelson/base';
import type { Pod, ResourceStatus } from '@keelson/types';
import { rpcMessage } from '../../cri/grpc/client.ts';
import { podSpec } from '../../pod/containers.ts';
import { podUid } from '../../pod/naming.ts';
import { StateFile } from '../file.ts';
import type { ShownDevice } from '../lister/view.ts';
import type { Amount } from '../types.ts';
import { Allocator, type Source } from './allocator.ts';
import { checkpointText, readCheckpoint } from './checkpoint.ts';
import { Endpoint } from './endpoint.ts';
import { Holdings, idsOf, nowhere } from './holdings.ts';
import { type Device, Inventory } from './inventory.ts';

/** How long, in milliseconds, the node keeps the resource of a plugin that is gone. */
const patience = 300_000;

const nothing: Amount = { capacity: 0, allocatable: 0 };

export interface AmountDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** The absolute path of the directory that plugins and the kubelet share. */
  readonly directory: string;
  /** Uids of the pods that have not ended; undefined while not all are known. */
  active(): ReadonlySet<string> | undefined;
  /** These pods' devices changed. */
  changed(uids: readonly string[]): void;
  /** The node's status is to be written. */
  report(): void;
}

/** Devices that pods ask for by amount: which there are, who has which. */
export class AmountManager {
  readonly #deps: AmountDeps;
  readonly #inventory = new Inventory();
  readonly #holdings = new Holdings();
  /** By resource. */
  readonly #sources = new Map<string, Source>();
  /** Resources the node has lost: it goes on to say that it has none. */
  readonly #lost = new Set<string>();
  readonly #file: StateFile;
  readonly #allocator: Allocator;
  #isNew = false;

  constructor(deps: AmountDeps) {
    this.#deps = deps;
    this.#file = new StateFile(join(deps.directory, 'kubelet_internal_checkpoint'));
    const [inventory, holdings, sources] = [this.#inventory, this.#holdings, this.#sources];
    this.#allocator = new Allocator({ inventory, holdings, sources, active: () => deps.active(), save: () => this.#save() });
  }

  /** Takes up what the kubelet before knew. Old sockets are removed: plugins take that as a sign to register anew. */
  async start(): Promise<void> {
    const { directory, log, clock } = this.#deps;
    try {
      const text = await this.#file.read();
      this.#isNew = text === undefined;
      const { held, registered } = text === undefined ? { held: [], registered: {} } : readCheckpoint(text);
      for (const one of held) this.#holdings.hold(one);
      for (const resource of Object.keys(registered)) {
        this.#inventory.expect(resource);
        this.#sources.set(resource, { type: 'gone', since: clock.now() });
      }
    } catch (error) {
      log.warn('cannot read who has which devices', { error: errorMessage(error) });
    }
    await mkdir(directory, { recursive: true, mode: 0o750 });
    const entries = await readdir(directory, { withFileTypes: true });
    for (const entry of entries) if (entry.isSocket()) await rm(join(directory, entry.name), { force: true });
    await writeFile(join(directory, 'DEPRECATION'), '');
  }

  /** Takes a plugin on; one that had the resource before it is left. `socket`: an absolute path. @throws Error in the plugin's words. */
  async connect(resource: string, socket: string): Promise<void> {
    const endpoint = new Endpoint(socket, this.#deps.clock);
    const options = await endpoint.options().catch((error: unknown) => {
      endpoint.close();
      throw new Error(`failed to get device plugin options: ${rpcMessage(error)}`, { cause: error });
    });
    const before = this.#sources.get(resource);
    this.#sources.set(resource, { type: 'running', socket, endpoint, options });
    if (before?.type === 'running') before.endpoint.close();
    this.#deps.log.info('device plugin registered', { resource, socket });
    void endpoint.watch((devices) => this.#listed(resource, endpoint, devices)).then(() => this.#ended(resource, endpoint));
  }

  /** Lets a plugin go that says it leaves. */
  disconnect(resource: string, socket: string): void {
    const source = this.#sources.get(resource);
    if (source?.type === 'running' && source.socket === socket) this.#ended(resource, source.endpoint);
  }

  close(): void {
    for (const source of this.#sources.values()) if (source.type === 'running') source.endpoint.close();
  }

  /** Gives its devices to containers. */
  get allocator(): Allocator {
    return this.#allocator;
  }

  amounts(): ReadonlyMap<string, Amount> {
    for (const resource of this.#inventory.resources) this.#forgetIfGone(resource);
    const lost = [...this.#lost].map((resource) => [resource, nothing] as const);
    return new Map([...lost, ...this.#inventory.resources.map((resource) => [resource, this.#inventory.amount(resource)] as const)]);
  }

  get isNew(): boolean {
    return this.#isNew;
  }

  inUse(): ReadonlyMap<string, number> {
    return new Map([...this.#holdings.resources].map((resource) => [resource, this.#holdings.inUse(resource).size]));
  }

  /** The devices that may be given out, held ones among them. */
  allocatable(): readonly ShownDevice[] {
    return this.#inventory.resources.flatMap((resource) =>
      [...(this.#inventory.healthy(resource) ?? [])].map((id) => ({
        resource,
        id,
        nodes: this.#inventory.device(resource, id)?.nodes ?? [],
      })),
    );
  }

  /** What a container holds, with the NUMA nodes of each device. */
  held(pod: Pod, container: string): readonly ShownDevice[] {
    return [...this.#holdings.of(podUid(pod), container)].flatMap(([resource, holding]) =>
      [...idsOf(holding)].sort().map((id) => {
        const nodes = [...holding.devices].filter(([node, ids]) => node !== nowhere && ids.includes(id)).map(([node]) => node);
        return { resource, id, nodes };
      }),
    );
  }

  health(pod: Pod): ReadonlyMap<string, readonly ResourceStatus[]> {
    const statuses = (podSpec(pod).containers ?? []).map(({ name }) => {
      const holdings = [...this.#holdings.of(podUid(pod), name)].sort(([a], [b]) => (a < b ? -1 : 1));
      const list = holdings.map(([resource, holding]) => ({
        name: resource,
        resources: [...idsOf(holding)].sort().map((resourceID) => {
          // One that its plugin no longer names was well when last heard of.
          const healthy = this.#inventory.device(resource, resourceID)?.healthy !== false;
          return { resourceID, health: healthy ? 'Healthy' : 'Unhealthy' };
        }),
      }));
      return [name, list] as const;
    });
    return new Map(statuses.filter(([, list]) => list.length > 0));
  }

  #listed(resource: string, endpoint: Endpoint, devices: readonly Device[]): void {
    if (!this.#isCurrent(resource, endpoint)) return;
    const changed = this.#inventory.list(resource, devices);
    this.#lost.delete(resource);
    this.#deps.changed(this.#holdings.holders(resource, changed));
    this.#deps.report();
    void this.#save().catch((error: unknown) => this.#complain(error));
  }

  #ended(resource: string, endpoint: Endpoint): void {
    if (!this.#isCurrent(resource, endpoint)) return;
    endpoint.close();
    this.#sources.set(resource, { type: 'gone', since: this.#deps.clock.now() });
    this.#inventory.lose(resource);
    this.#deps.log.info('device plugin gone', { resource });
    this.#deps.report();
  }

  #isCurrent(resource: string, endpoint: Endpoint): boolean {
    const source = this.#sources.get(resource);
    return source?.type === 'running' && source.endpoint === endpoint;
  }

  #forgetIfGone(resource: string): void {
    const source = this.#sources.get(resource);
    if (source?.type === 'running' || (source && this.#deps.clock.now() - source.since < patience)) return;
    this.#sources.delete(resource);
    this.#inventory.forget(resource);
    this.#lost.add(resource);
    void this.#save().catch((error: unknown) => this.#complain(error));
  }

  #save(): Promise<void> {
    const registered = (): Record<string, readonly string[]> =>
      Object.fromEntries(this.#inventory.resources.map((resource) => [resource, [...(this.#inventory.healthy(resource) ?? [])].sort()]));
    return this.#file.write(() => checkpointText({ held: this.#holdings.all, registered: registered() }));
  }

  #complain(error: unknown): void {
    this.#deps.log.warn('cannot remember who has which devices', { error: errorMessage(error) });
  }
}
