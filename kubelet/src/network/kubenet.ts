import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Run, runCommand } from './command.ts';
import { cniConflist, type KubenetConfig } from './conflist.ts';
import { hostPortLeftovers } from './hostports.ts';
import { syncHostRoutes } from './hostroutes.ts';
import { family } from './routes.ts';
import { removeOverlay } from './vxlan.ts';

const conflistName = '10-kubenet.conflist';

/**
 * The network list of somebody else that the runtime takes before ours, as the first by name; undefined: there is none. Where there is one,
 * the pod network is its maker's.
 */
export async function othersList(confDir: string): Promise<string | undefined> {
  const names = await readdir(confDir).catch((): string[] => []);
  return names.filter((name) => /^[^.].*\.(conflist|conf|json)$/.test(name) && name < conflistName).sort()[0];
}

/** Puts the network list where the runtime looks for it, at once: it never sees half of it. Resolves to its path. */
export async function writeConflist(confDir: string, config: KubenetConfig): Promise<string> {
  await mkdir(confDir, { recursive: true });
  const path = join(confDir, conflistName);
  const unfinished = join(confDir, `.${conflistName}.tmp`);
  await writeFile(unfinished, cniConflist(config));
  await rename(unfinished, path);
  return path;
}

/**
 * Lets this process's network namespace carry packets between pods, and shows bridged ones to iptables. @throws when the kernel refuses,
 * or has no `br_netfilter`.
 */
export async function enableForwarding(podCidrs: readonly string[]): Promise<void> {
  const families = new Set(podCidrs.map(family));
  const settings = [
    ...(families.has(4) ? ['ipv4/ip_forward', 'bridge/bridge-nf-call-iptables'] : []),
    ...(families.has(6) ? ['ipv6/conf/all/forwarding', 'bridge/bridge-nf-call-ip6tables'] : []),
  ];
  await Promise.all(settings.map((name) => writeFile(`/proc/sys/net/${name}`, '1\n')));
}

export interface Teardown {
  readonly confDir: string;
  readonly ipamDir: string;
  readonly bridge: string;
}

/** Undoes kubenet once the pods are gone: network list, addresses, routes, overlay, bridge, portmap's chains. What is not there is fine. */
export async function teardown({ confDir, ipamDir, bridge }: Teardown, run: Run = runCommand): Promise<void> {
  await rm(join(confDir, conflistName), { force: true });
  await rm(ipamDir, { recursive: true, force: true });
  await syncHostRoutes([], run);
  await removeOverlay(run);
  await run('ip', ['link', 'delete', bridge, 'type', 'bridge']).catch(() => undefined);
  for (const iptables of ['iptables', 'ip6tables']) await removeHostPortChains(iptables, run);
}

async function removeHostPortChains(iptables: string, run: Run): Promise<void> {
  const rules = await run(iptables, ['-w', '-t', 'nat', '-S']).catch(() => '');
  for (const command of hostPortLeftovers(rules)) await run(iptables, ['-w', ...command]);
}
