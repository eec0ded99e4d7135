import type { Clock, Random } from '@keelson/base';
import type { Api } from '@keelson/client';
import type { Node } from '@keelson/types';
import type { PluginHandler } from '../plugins/types.ts';
import type { Drivers } from '../volume/drivers.ts';
import { Tokens } from '../volume/tokens.ts';
import { CsiPlugins } from './plugins.ts';
import { CsiVolumes } from './volumes.ts';

export interface DriverDeps {
  readonly api: Api;
  readonly clock: Clock;
  readonly random: Random;
  readonly nodeName: string;
  /** The kubelet's root directory. */
  readonly root: string;
  /** This node; undefined while it is not registered. */
  node(): Node | undefined;
  /** Writes the node's status. */
  report(): Promise<void>;
}

export interface NodeDrivers {
  readonly volumes: Drivers;
  /** For plugins of type `CSIPlugin`. */
  readonly handler: PluginHandler;
}

/** The storage drivers of a node. */
export function nodeDrivers(deps: DriverDeps): NodeDrivers {
  const { api, clock, random } = deps;
  const handler = new CsiPlugins(deps);
  const volumes = new CsiVolumes({ ...deps, tokens: new Tokens(api, clock, random), driver: (name) => handler.driver(name) });
  return { volumes, handler };
}
