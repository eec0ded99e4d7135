import { type Cluster, type Netns, serviceRange } from '../cluster/cluster.ts';
import { exists } from '../cluster/file.ts';
import { run, runWithin } from '../machine/command.ts';

/** Makes a cluster's network namespace, its link to the machine and the settings in it; what is there already is left. */
export async function ensureNetns({ netns, address }: Cluster): Promise<void> {
  if (!netns) return;
  const { name, link } = netns;
  if (!(await exists(`/run/netns/${name}`))) await run('ip', ['netns', 'add', name]);
  if (link && !(await exists(`/sys/class/net/${link.hostInterface}`))) await makeLink(name, link);
  await runWithin(name, ['sh', '-ec', settings(address)]);
}

async function makeLink(name: string, link: NonNullable<Netns['link']>): Promise<void> {
  const { host, node, prefix, hostInterface } = link;
  await run('ip', ['link', 'add', hostInterface, 'type', 'veth', 'peer', 'name', inside, 'netns', name]);
  await run('ip', ['address', 'add', `${host}/${prefix}`, 'dev', hostInterface]);
  await run('ip', ['link', 'set', hostInterface, 'up']);
  await runWithin(name, ['sh', '-ec', `ip address add ${node}/${prefix} dev ${inside}; ip link set ${inside} up`]);
}

const inside = 'eth0';

/**
 * The namespace has no default route, so that nothing leaves it; yet the node's own packets to services need some way to take before
 * their destination is translated. Untranslated ones end at the link.
 */
function settings(address: string): string {
  return [
    'ip link set lo up',
    `device=$(ip -o -4 address show to ${address} | { read -r _ name _; echo "$name"; })`,
    `ip route show default | grep -q . || ip route replace ${serviceRange} dev "$device" src ${address}`,
    'echo 1 > /proc/sys/net/ipv4/ip_forward',
    'for name in all default; do echo 0 > /proc/sys/net/ipv4/conf/$name/rp_filter; done',
  ].join('\n');
}

/** Removes the link, or the route where there was none, and the namespace where it was ours. */
export async function removeNetns({ name, made, link }: Netns): Promise<void> {
  if (!made && !link) await runWithin(name, ['ip', 'route', 'flush', 'exact', serviceRange]).catch(() => undefined);
  if (link && (await exists(`/sys/class/net/${link.hostInterface}`))) await run('ip', ['link', 'delete', link.hostInterface]);
  if (made && (await exists(`/run/netns/${name}`))) await run('ip', ['netns', 'delete', name]);
}

/** The IPv4 addresses in a namespace, loopback's left out; undefined when there is no such namespace. */
export async function addressesIn(name: string): Promise<readonly string[] | undefined> {
  if (!(await exists(`/run/netns/${name}`))) return undefined;
  const interfaces: { addr_info: { local: string }[] }[] = JSON.parse(
    await runWithin(name, ['ip', '-j', '-4', 'address', 'show', 'scope', 'global']),
  );
  return interfaces.flatMap(({ addr_info }) => addr_info.map(({ local }) => local));
}
