import { type Clock, errorMessage } from '@keelson/base';
import { type Api, ApiError } from '@keelson/client';
import { CSINode, type CSINodeDriver, Node } from '@keelson/types';
import type { Plugin, PluginHandler } from '../plugins/types.ts';
import { CsiDriver } from './driver.ts';
import { csiNodeDriver, csiNodeOf } from './plan.ts';

export interface PluginDeps {
  readonly api: Api;
  readonly clock: Clock;
  /** This node; undefined while it is not registered. */
  node(): Node | undefined;
}

interface Registered {
  readonly name: string;
  readonly driver: CsiDriver;
  readonly shown: CSINodeDriver;
}

/** The storage drivers of the node. The node's CSINode tells the cluster of them. */
export class CsiPlugins implements PluginHandler {
  readonly #deps: PluginDeps;
  /** By endpoint. */
  readonly #registered = new Map<string, Registered>();
  #written = false;

  constructor(deps: PluginDeps) {
    this.#deps = deps;
  }

  driver(name: string): CsiDriver | undefined {
    return [...this.#registered.values()].find((one) => one.name === name)?.driver;
  }

  ready(): boolean {
    return this.#deps.node() !== undefined;
  }

  whyNot({ versions }: Plugin): string | undefined {
    if (versions.some((version) => /^v?1(\.|$)/.test(version))) return undefined;
    return `none of the CSI versions ${versions.join(', ')} is supported`;
  }

  async register({ name, endpoint }: Plugin): Promise<void> {
    const node = this.#deps.node();
    if (!node) throw new Error(`CSI driver ${name}: the node is not registered`);
    const driver = new CsiDriver(endpoint, this.#deps.clock);
    try {
      const { nodeId, maxVolumesPerNode, accessibleTopology } = await driver.info();
      const segments = accessibleTopology?.segments ?? {};
      await this.#label(node, name, nodeId, segments);
      this.#registered.set(endpoint, { name, driver, shown: csiNodeDriver(name, nodeId, Number(maxVolumesPerNode), segments) });
      this.#written = false;
    } catch (error) {
      driver.close();
      throw new Error(`CSI driver ${name}: ${errorMessage(error)}`, { cause: error });
    }
  }

  deregister({ endpoint }: Plugin): void {
    this.#registered.get(endpoint)?.driver.close();
    this.#registered.delete(endpoint);
    this.#written = false;
  }

  /** The cluster is told of what changed, and of a node without drivers, too. */
  async looked(): Promise<void> {
    const node = this.#deps.node();
    if (this.#written || !node) return;
    await this.#write(node);
    this.#written = true;
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
