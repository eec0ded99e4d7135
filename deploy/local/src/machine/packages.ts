import { access, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { errorMessage } from '@keelson/base';
import { type Cluster, Refusal } from '../cluster/cluster.ts';
import { run } from './command.ts';

/** A program and the Debian package that brings it. A path, or a name to find on the PATH. */
interface Need {
  readonly program: string;
  readonly package: string;
}

const forContainers: readonly Need[] = [
  { program: 'containerd', package: 'containerd' },
  { program: 'ctr', package: 'containerd' },
  { program: 'runc', package: 'runc' },
  { program: 'iptables', package: 'iptables' },
  { program: 'conntrack', package: 'conntrack' },
  { program: 'ip', package: 'iproute2' },
  { program: '/usr/bin/catatonit', package: 'catatonit' },
  { program: '/bin/busybox', package: 'busybox-static' },
];

/** Where distributions put the CNI plugins. */
const cniDirectories = ['/usr/lib/cni', '/opt/cni/bin'];

/** What the programs of a cluster take. */
export function needsOf({
  runtime,
  store,
  etcdServers,
  netns,
}: Pick<Cluster, 'runtime' | 'store' | 'etcdServers' | 'netns'>): readonly Need[] {
  return [
    ...(runtime === 'containerd' ? forContainers : netns ? [{ program: 'ip', package: 'iproute2' }] : []),
    ...(store === 'etcd' && etcdServers.length === 0 ? [{ program: 'etcd', package: 'etcd-server' }] : []),
  ];
}

/**
 * Installs what is missing, saying what, on Debian and its like. @throws Refusal naming the packages where that cannot be done.
 */
export async function installPackages(cluster: Cluster, say: (line: string) => void): Promise<void> {
  const missing = await missingPackages(cluster);
  if (missing.length === 0) return;
  const names = missing.join(' ');
  if (!(await isDebian()))
    throw new Refusal(`these packages are missing, and only on Debian and Ubuntu can they be installed for you: ${names}`);
  if (process.getuid?.() !== 0) throw new Refusal(`these packages are missing: run apt-get install ${names} as root`);
  say(`installing ${names} with apt-get`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await run('apt-get', ['update', '-qq'], env);
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], env);
  } catch (error) {
    throw new Refusal(`the packages ${names} could not be installed: ${errorMessage(error)}`);
  }
}

/** The packages whose programs the cluster needs and this machine lacks. */
export async function missingPackages(cluster: Parameters<typeof needsOf>[0]): Promise<string[]> {
  const needs = needsOf(cluster);
  const found = await Promise.all(needs.map(({ program }) => find(program)));
  const missing = new Set(needs.filter((_, index) => found[index] === undefined).map((need) => need.package));
  if (cluster.runtime === 'containerd' && (await cniDirectory()) === undefined) missing.add('containernetworking-plugins');
  return [...missing];
}

/** The directory that has all the plugins kubenet uses. */
export async function cniDirectory(): Promise<string | undefined> {
  for (const directory of cniDirectories) {
    const plugins = await Promise.all(['bridge', 'host-local', 'portmap', 'loopback'].map((name) => find(join(directory, name))));
    if (plugins.every((plugin) => plugin !== undefined)) return directory;
  }
  return undefined;
}

async function isDebian(): Promise<boolean> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release) && (await find('apt-get')) !== undefined;
}

async function find(program: string): Promise<string | undefined> {
  const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  const places = program.includes('/') ? [program] : directories.map((directory) => join(directory, program));
  for (const place of places) {
    const there = await access(place).then(
      () => true,
      () => false,
    );
    if (there) return place;
  }
  return undefined;
}
