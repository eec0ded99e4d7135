import type { Clock, Logger, Random } from '@keelson/base';
import type { Api } from '@keelson/client';
import type { Node } from '@keelson/types';
import type { Drivers } from '../volume/host.ts';
import { Tokens } from '../volume/tokens.ts';
import { CsiPlugins } from './plugins.ts';
import { CsiVolumes } from './volumes.ts';

export interface DriverDeps {
  readonly api: Api;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly nodeName: string;
  /** The kubelet's root directory, in which drivers find `plugins_registry`. */
  readonly root: string;
  /** This node; undefined while it is not registered. */
  node(): Node | undefined;
  /** Writes the node's status. */
  report(): Promise<void>;
}

export interface NodeDrivers {
  readonly volumes: Drivers;
  /** Registers drivers as they come, until aborted. */
  run(signal: AbortSignal): Promise<void>;
}

/** The storage drivers of a node. */
export function nodeDrivers(deps: DriverDeps): NodeDrivers {
  const { api, clock, random } = deps;
  const plugins = new CsiPlugins({ ...deps, directory: `${deps.root}/plugins_registry` });
  const volumes = new CsiVolumes({ ...deps, tokens: new Tokens(api, clock, random), driver: (name) => plugins.driver(name) });
  return { volumes, run: (signal) => plugins.run(signal) };
}
