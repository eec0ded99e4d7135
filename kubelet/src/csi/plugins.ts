import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, errorMessage, every, type Logger } from '@keelson/base';
import { type Api, ApiError } from '@keelson/client';
import { CSINode, type CSINodeDriver, Node } from '@keelson/types';
import { CriClient } from '../cri/grpc/client.ts';
import { type PluginInfo, RegistrationDefinition } from '../cri/grpc/codec/pluginregistration.ts';
import { CsiDriver } from './driver.ts';
import { csiNodeDriver, csiNodeOf } from './plan.ts';

/** How often, in milliseconds, the directory is looked at, and how long a plugin may take to answer. */
const lookEvery = 1_000;
const timeout = 10_000;

export interface PluginDeps {
  readonly api: Api;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where plugins put the sockets by which they make themselves known. */
  readonly directory: string;
  /** This node; undefined while it is not registered. */
  node(): Node | undefined;
}

interface Registered {
  readonly name: string;
  readonly driver: CsiDriver;
  readonly shown: CSINodeDriver;
}

/** The storage drivers of the node: those whose registration sockets are there. The node's CSINode tells the cluster of them. */
export class CsiPlugins {
  readonly #deps: PluginDeps;
  /** By socket. */
  readonly #registered = new Map<string, Registered>();
  /** Sockets of plugins that are of no use here, with the time at which they were made: one that starts anew is asked anew. */
  readonly #refused = new Map<string, number>();
  #written = false;

  constructor(deps: PluginDeps) {
    this.#deps = deps;
  }

  driver(name: string): CsiDriver | undefined {
    return [...this.#registered.values()].find((one) => one.name === name)?.driver;
  }

  /** Until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    await every(
      clock,
      lookEvery,
      signal,
      () => this.look(),
      (error) => log.warn('cannot look for plugins', { error: errorMessage(error) }),
    );
    for (const { driver } of this.#registered.values()) driver.close();
  }

  /** Registers plugins that came, forgets those that went. */
  async look(): Promise<void> {
    const node = this.#deps.node();
    if (!node) return;
    const present = await this.#sockets();
    let changed = !this.#written;
    for (const [socket, { driver }] of this.#registered) {
      if (present.has(socket)) continue;
      driver.close();
      this.#registered.delete(socket);
      changed = true;
    }
    for (const [socket, made] of present) {
      if (this.#registered.has(socket) || this.#refused.get(socket) === made) continue;
      changed = (await this.#register(socket, made, node)) || changed;
    }
    if (changed) await this.#write(node);
    this.#written = true;
  }

  async #sockets(): Promise<ReadonlyMap<string, number>> {
    const entries = await readdir(this.#deps.directory, { recursive: true, withFileTypes: true }).catch(() => []);
    const sockets = entries.filter((entry) => entry.isSocket()).map((entry) => join(entry.parentPath, entry.name));
    return new Map(await Promise.all(sockets.map(async (socket) => [socket, (await stat(socket)).ctimeMs] as const)));
  }

  /** Whether there is a new driver now. */
  async #register(socket: string, made: number, node: Node): Promise<boolean> {
    const { clock, log } = this.#deps;
    const client = new CriClient(socket, clock);
    const { getInfo, notifyRegistrationStatus } = RegistrationDefinition.methods;
    const service = 'pluginregistration.Registration';
    try {
      const info = await client.call(service, getInfo, {}, timeout);
      const unfit = whyNot(info);
      if (unfit !== undefined) this.#refused.set(socket, made);
      const problem = unfit ?? (await this.#add(socket, info, node));
      await client.call(service, notifyRegistrationStatus, { pluginRegistered: problem === undefined, error: problem ?? '' }, timeout);
      return problem === undefined;
    } catch (error) {
      // Often a socket whose plugin is gone: asked again at the next look.
      log.debug('plugin did not answer', { socket, error: errorMessage(error) });
      return false;
    } finally {
      client.close();
    }
  }

  /** Why the driver cannot be used; undefined: it can. */
  async #add(socket: string, { name, endpoint }: PluginInfo, node: Node): Promise<string | undefined> {
    const driver = new CsiDriver(endpoint, this.#deps.clock);
    try {
      const { nodeId, maxVolumesPerNode, accessibleTopology } = await driver.info();
      const segments = accessibleTopology?.segments ?? {};
      await this.#label(node, name, nodeId, segments);
      this.#registered.set(socket, { name, driver, shown: csiNodeDriver(name, nodeId, Number(maxVolumesPerNode), segments) });
      return undefined;
    } catch (error) {
      driver.close();
      return `CSI driver ${name}: ${errorMessage(error)}`;
    }
  }

  /** The node says where it is, as the driver sees it, and how the driver calls it. */
  async #label({ metadata }: Node, driver: string, nodeId: string, segments: Readonly<Record<string, string>>): Promise<void> {
    const key = 'csi.volume.kubernetes.io/nodeid';
    const ids = { ...JSON.parse(metadata.annotations?.[key] ?? '{}'), [driver]: nodeId };
    const patch = { metadata: { labels: segments, annotations: { [key]: JSON.stringify(ids) } } };
    await this.#deps.api.patch(Node, { name: metadata.name ?? '' }, 'application/merge-patch+json', patch);
  }

  async #write(node: Node): Promise<void> {
    const { api } = this.#deps;
    const drivers = Array.from(this.#registered.values(), ({ shown }) => shown).sort((a, b) => (a.name < b.name ? -1 : 1));
    const present = await api.get(CSINode, { name: node.metadata.name ?? '' }).catch((error: unknown) => {
      if (error instanceof ApiError && error.code === 404) return undefined;
      throw error;
    });
    const wanted = csiNodeOf(node, present, drivers);
    if (!present) await api.create(CSINode, wanted);
    else if (JSON.stringify(present.spec.drivers ?? []) !== JSON.stringify(drivers)) await api.update(CSINode, wanted);
  }
}

function whyNot({ type, supportedVersions }: PluginInfo): string | undefined {
  if (type !== 'CSIPlugin') return `this kubelet takes no plugins of type ${type}`;
  if (supportedVersions.some((version) => /^v?1(\.|$)/.test(version))) return undefined;
  return `none of the CSI versions ${supportedVersions.join(', ')} is supported`;
}
