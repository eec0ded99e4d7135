import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, errorMessage, every, type Logger } from '@keelson/base';
import { CriClient } from '../cri/grpc/client.ts';
import { RegistrationDefinition } from '../cri/grpc/codec/pluginregistration.ts';
import type { Plugin, PluginHandler } from './types.ts';

/** How often, in milliseconds, the directory is looked at, and how long a plugin may take to answer. */
const lookEvery = 1_000;
const timeout = 10_000;
const { getInfo, notifyRegistrationStatus } = RegistrationDefinition.methods;
const service = 'pluginregistration.Registration';

export interface WatcherDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** Where plugins put the sockets by which they make themselves known. */
  readonly directory: string;
  /** By the plugins' type. */
  readonly handlers: Readonly<Record<string, PluginHandler>>;
}

interface Known {
  readonly plugin: Plugin;
  readonly handler: PluginHandler;
  readonly made: string;
}

/** The plugins of the node: those whose registration sockets are there. Each is handed to who its type is for. */
export class PluginWatcher {
  readonly #deps: WatcherDeps;
  /** By socket. */
  readonly #known = new Map<string, Known>();
  /** Sockets of plugins that are of no use here: one that is made anew is asked anew. */
  readonly #refused = new Map<string, string>();

  constructor(deps: WatcherDeps) {
    this.#deps = deps;
  }

  /** Until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    const complain = (error: unknown): void => log.warn('cannot look for plugins', { error: errorMessage(error) });
    await every(clock, lookEvery, signal, () => this.look(), complain);
    for (const socket of [...this.#known.keys()]) this.#forget(socket);
  }

  /** Registers plugins that came, forgets those that went, and both with those that were started anew. */
  async look(): Promise<void> {
    const present = await this.#sockets();
    for (const [socket, { made }] of this.#known) if (present.get(socket) !== made) this.#forget(socket);
    for (const [socket, made] of present) {
      if (!this.#known.has(socket) && this.#refused.get(socket) !== made) await this.#register(socket, made);
    }
    for (const handler of Object.values(this.#deps.handlers)) await handler.looked?.();
  }

  #forget(socket: string): void {
    const known = this.#known.get(socket);
    this.#known.delete(socket);
    known?.handler.deregister(known.plugin);
  }

  /** The sockets there are, with what tells one from another of the same name. */
  async #sockets(): Promise<ReadonlyMap<string, string>> {
    const entries = await readdir(this.#deps.directory, { recursive: true, withFileTypes: true }).catch(() => []);
    const sockets = entries.filter((entry) => entry.isSocket()).map((entry) => join(entry.parentPath, entry.name));
    const made = await Promise.all(sockets.map(async (socket) => ({ socket, about: await stat(socket).catch(() => undefined) })));
    return new Map(made.flatMap(({ socket, about }) => (about ? [[socket, `${about.ino}/${about.birthtimeMs}`]] : [])));
  }

  async #register(socket: string, made: string): Promise<void> {
    const { clock, log } = this.#deps;
    const client = new CriClient(socket, clock);
    try {
      const { type, name, endpoint, supportedVersions } = await client.call(service, getInfo, {}, timeout);
      const plugin = { type, name, endpoint: endpoint || socket, versions: supportedVersions };
      if (this.#deps.handlers[type]?.ready?.() === false) return;
      const problem = await this.#add(plugin, socket, made);
      const told = problem === undefined ? '' : `RegisterPlugin error -- ${problem}`;
      if (problem !== undefined) log.warn('plugin not registered', { socket, error: problem });
      await client.call(service, notifyRegistrationStatus, { pluginRegistered: problem === undefined, error: told }, timeout);
    } catch (error) {
      // Often a socket whose plugin is gone: asked again at the next look.
      log.debug('plugin did not answer', { socket, error: errorMessage(error) });
    } finally {
      client.close();
    }
  }

  /** Why the plugin cannot be used, in Kubernetes' words; undefined: it can. */
  async #add(plugin: Plugin, socket: string, made: string): Promise<string | undefined> {
    const handler = this.#deps.handlers[plugin.type];
    const unfit = handler ? handler.whyNot(plugin) : undefined;
    if (!handler || unfit !== undefined) {
      this.#refused.set(socket, made);
      return handler
        ? `plugin validation failed with err: ${unfit}`
        : `no handler registered for plugin type: ${plugin.type} at socket ${socket}`;
    }
    try {
      await handler.register(plugin);
      this.#known.set(socket, { plugin, handler, made });
      return undefined;
    } catch (error) {
      return `plugin registration failed with err: ${errorMessage(error)}`;
    }
  }
}
