import { type Run, runCommand } from './command.ts';
import { syncHostRoutes } from './hostroutes.ts';
import {
  type Overlay,
  type OverlayState,
  overlayDevice,
  overlayRoutes,
  parseDevice,
  parseForwarding,
  parseNeighbours,
  planOverlay,
} from './overlay.ts';

/** Makes the overlay's interface, its entries and its routes what they should be. @throws when `ip` or `bridge` fails. */
export async function syncOverlay(wanted: Overlay, run: Run = runCommand): Promise<void> {
  await carryOut(planOverlay(wanted, await presentOverlay(run)), run);
  await syncHostRoutes(overlayRoutes(wanted), run);
}

/** Takes the overlay away, if there is one, and its routes with it. @throws when `ip` fails. */
export async function removeOverlay(run: Run = runCommand): Promise<void> {
  await carryOut(planOverlay(undefined, await presentOverlay(run)), run);
}

async function presentOverlay(run: Run): Promise<OverlayState> {
  const { name } = overlayDevice;
  // Asked by type: a name that is not there is an error.
  const device = parseDevice(await run('ip', ['-j', '-d', 'address', 'show', 'type', 'vxlan']));
  if (!device) return { neighbours: new Map(), forwarding: new Map() };
  const neighbours = parseNeighbours(await run('ip', ['-j', '-4', 'neighbour', 'show', 'dev', name, 'nud', 'permanent']));
  const forwarding = parseForwarding(await run('bridge', ['-j', 'fdb', 'show', 'dev', name]));
  return { device, neighbours, forwarding };
}

async function carryOut(commands: readonly (readonly string[])[], run: Run): Promise<void> {
  for (const [file = '', ...args] of commands) await run(file, args);
}
