import { type Run, runCommand } from './command.ts';
import { family, type HostRoute, parseRoutes, planRoutes } from './routes.ts';

/** Marks the routes that are kubenet's in the kernel's table: no other program of the machine uses it. */
const protocol = '178';

/** Makes the machine's routes to other nodes' pods what they should be, and leaves every other route alone. @throws when `ip` fails. */
export async function syncHostRoutes(wanted: readonly HostRoute[], run: Run = runCommand): Promise<void> {
  const { replace, remove } = planRoutes(wanted, await presentRoutes(run));
  for (const { destination, via } of remove) await ip(run, destination, ['route', 'del', destination, 'via', via, 'proto', protocol]);
  for (const { destination, via, device } of replace) {
    const through = device === undefined ? [] : ['dev', device, 'onlink'];
    await ip(run, destination, ['route', 'replace', destination, 'via', via, ...through, 'proto', protocol]);
  }
}

async function presentRoutes(run: Run): Promise<HostRoute[]> {
  const show = async (of: 4 | 6): Promise<HostRoute[]> =>
    parseRoutes(await run('ip', [`-${of}`, '-j', 'route', 'show', 'proto', protocol]));
  return [...(await show(4)), ...(await show(6))];
}

function ip(run: Run, destination: string, args: readonly string[]): Promise<string> {
  return run('ip', [`-${family(destination)}`, ...args]);
}
