import { access, readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import type { MachineFacts } from '../cluster/cluster.ts';
import { parseRoutes } from '../netns/address.ts';
import { addressesIn } from '../netns/netns.ts';
import { run } from './command.ts';

/** Looks at the machine, and into the namespace if one is named. */
export async function readMachine(netns: string | undefined): Promise<MachineFacts> {
  const [routes, noContainers, netnsAddresses] = await Promise.all([
    readFile('/proc/net/route', 'utf8').catch(() => ''),
    whyNoContainers(),
    netns === undefined ? undefined : addressesIn(netns),
  ]);
  const outward = /^(\S+)\s+00000000\s/m.exec(routes)?.[1];
  const interfaces = Object.entries(networkInterfaces()).flatMap(([name, all]) => (all ?? []).map((one) => ({ name, ...one })));
  const usable = interfaces.filter(({ family, internal }) => family === 'IPv4' && !internal);
  return {
    hostname: hostname(),
    addresses: usable.sort((a, b) => Number(b.name === outward) - Number(a.name === outward)).map(({ address }) => address),
    ranges: [...usable.flatMap(({ cidr }) => cidr ?? []), ...parseRoutes(routes)],
    ...(noContainers !== undefined && { noContainers }),
    ...(netnsAddresses && { netnsAddresses }),
  };
}

/** What keeps this machine from running containers, as a sentence. */
async function whyNoContainers(): Promise<string | undefined> {
  if (process.platform !== 'linux') return `containers need Linux, and this is ${process.platform}: use --runtime model`;
  if (process.getuid?.() !== 0) return 'running containers takes root: use sudo, or --runtime model';
  if ((await readdir('/sys/fs/cgroup').catch(() => [])).length === 0) {
    return 'running containers takes control groups, and /sys/fs/cgroup is empty here: mount them, or use --runtime model';
  }
  const bridged = await present('/proc/sys/net/bridge/bridge-nf-call-iptables', 'br_netfilter');
  if (!bridged) return 'the kernel module br_netfilter cannot be loaded, without which pods do not reach services: use --runtime model';
  return undefined;
}

/** Whether a file that a kernel module brings is there, the module loaded for it if need be. */
async function present(path: string, module: string): Promise<boolean> {
  const there = (): Promise<boolean> =>
    access(path).then(
      () => true,
      () => false,
    );
  if (await there()) return true;
  await run('modprobe', [module]).catch(() => undefined);
  return there();
}

/** Whether nobody listens on this port of the machine. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '0.0.0.0', () => server.close(() => resolve(true)));
  });
}

/** The port asked for, or the first free one in steps of a hundred: so two components that look for one do not meet. */
export async function freePort(wanted: number): Promise<number> {
  for (let port = wanted; port < wanted + 1000; port += 100) if (await isFree(port)) return port;
  throw new Error(`no free port near ${wanted}`);
}
