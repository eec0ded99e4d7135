import { createHash } from 'node:crypto';
import { addons } from '@keelson/addons';
import { type Link, linkFor } from '../netns/address.ts';
import type { Runtime, Store, UpOptions } from '../options.ts';

/** All that was decided for a cluster when it was made: `cluster.json` in its data directory. */
export interface Cluster {
  /** Tells this cluster's cgroups and interfaces from others' on the machine. */
  readonly name: string;
  /** Absolute. */
  readonly dataDir: string;
  /** The network namespace it lives in; the machine's own when absent. */
  readonly netns?: Netns;
  /** Under which nodes and pods reach the API server and the kubelets. */
  readonly address: string;
  readonly ports: Ports;
  readonly store: Store;
  /** Members of somebody else's etcd. */
  readonly etcdServers: readonly string[];
  readonly runtime: Runtime;
  readonly nodes: readonly string[];
  readonly masquerade: boolean;
  /** Names of those in `deploy/addons` that were ever asked for. */
  readonly addons: readonly string[];
}

export interface Netns {
  readonly name: string;
  /** Made by us, and so removed by us. */
  readonly made: boolean;
  /** The way between it and the machine; absent where the namespace came with an address of its own. */
  readonly link?: Link;
}

export interface Ports {
  readonly api: number;
  readonly controllerManager: number;
  readonly scheduler: number;
  readonly proxyHealth: number;
  readonly proxyMetrics: number;
  readonly etcd: number;
  readonly etcdPeer: number;
  /** One a node. */
  readonly kubelets: readonly number[];
}

/** What of the machine matters to the plan. */
export interface MachineFacts {
  readonly hostname: string;
  /** IPv4, the one packets to the outside leave from first; empty when there is only loopback. */
  readonly addresses: readonly string[];
  /** IPv4 ranges that the machine has addresses in or routes to. */
  readonly ranges: readonly string[];
  /** Why it cannot run containers; absent when it can. */
  readonly noContainers?: string;
  /** Of the namespace asked for; absent when there is no such namespace yet. */
  readonly netnsAddresses?: readonly string[];
}

/** Something the user has to change: a sentence that says what. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

export const serviceRange = '10.96.0.0/16';
/** The first of the range: Service `kubernetes`. */
export const serviceAddress = '10.96.0.1';
/** The tenth, as kubeadm has it: Service `kube-dns`. */
export const dnsAddress = '10.96.0.10';
export const clusterDomain = 'cluster.local';
export const podRange = '10.244.0.0/16';

/** The pods' range of the node at this place of `nodes`. */
export function podRangeOf(index: number): string {
  return `10.244.${index}.0/24`;
}

/** Kubernetes' own, which a cluster in a namespace of its own always gets. */
export const standardPorts = {
  api: 6443,
  controllerManager: 10_257,
  scheduler: 10_259,
  proxyHealth: 10_256,
  proxyMetrics: 10_249,
  etcd: 2379,
  etcdPeer: 2380,
  kubelet: 10_250,
} as const;

/**
 * What to run. `before`: the cluster that this data directory holds already, whose objects and addresses stay as they are. `freePort`
 * gives the port it is asked for, or one near it that nobody listens on. @throws Refusal
 */
export async function planCluster(
  options: UpOptions & { readonly dataDir: string },
  before: Cluster | undefined,
  machine: MachineFacts,
  freePort: (wanted: number) => Promise<number>,
): Promise<Cluster> {
  if (before) return continued(options, before);
  const runtime = options.runtime ?? (machine.noContainers === undefined ? 'containerd' : 'model');
  if (runtime === 'containerd' && machine.noContainers !== undefined) throw new Refusal(machine.noContainers);
  if (runtime === 'containerd' && (options.nodes ?? 1) > 1) {
    throw new Refusal('several nodes on one machine are models: add --runtime model, or leave --nodes out');
  }
  const name = options.netns ?? createHash('sha256').update(options.dataDir).digest('hex').slice(0, 8);
  const netns = options.netns === undefined ? undefined : planNetns(options.netns, machine);
  const address = netns ? (netns.link?.node ?? machine.netnsAddresses?.[0]) : machine.addresses[0];
  if (address === undefined && runtime === 'containerd') {
    throw new Refusal('this machine has no address that pods could reach it under, only loopback: add --netns NAME');
  }
  const nodes = nodeNames(runtime, options, machine);
  return {
    name,
    dataDir: options.dataDir,
    ...(netns && { netns }),
    address: address ?? '127.0.0.1',
    ports: await planPorts(options.port ?? standardPorts.api, nodes.length, netns ? async (port) => port : freePort),
    store: options.store ?? 'sqlite',
    etcdServers: options.etcdServers ?? [],
    runtime,
    nodes,
    masquerade: options.masquerade ?? netns === undefined,
    addons: options.addons ?? (runtime === 'containerd' ? addons.map((addon) => addon.name) : []),
  };
}

/** What may change from one start to the next; the rest would need another cluster. @throws Refusal */
function continued(options: UpOptions, before: Cluster): Cluster {
  const asked: readonly (readonly [string, unknown, unknown])[] = [
    ['--port', options.port, before.ports.api],
    ['--store', options.store, before.store],
    ['--etcd-servers', options.etcdServers?.join(','), before.etcdServers.join(',')],
    ['--runtime', options.runtime, before.runtime],
    ['--nodes', options.nodes, before.nodes.length],
    ['--netns', options.netns, before.netns?.name],
  ];
  const other = asked.find(([, wanted, is]) => wanted !== undefined && wanted !== is);
  if (other) {
    const [flag, , is] = other;
    const made = is === undefined || is === '' ? `without ${flag}` : `with ${flag} ${is}`;
    throw new Refusal(
      `the cluster in ${before.dataDir} was made ${made}: leave the flag out, use another --data-dir, or remove it with npm run down -- --data-dir ${before.dataDir} --purge`,
    );
  }
  const { masquerade = before.masquerade, addons = [] } = options;
  if (addons.length > 0 && before.runtime === 'model') throw new Refusal('model pods run no programs: leave --addons out');
  return { ...before, masquerade, addons: [...new Set([...(before.addons ?? []), ...addons])] };
}

function planNetns(name: string, { netnsAddresses, ranges }: MachineFacts): Netns {
  if (netnsAddresses === undefined) return { name, made: true, link: linkFor(name, ranges) };
  return netnsAddresses.length > 0 ? { name, made: false } : { name, made: false, link: linkFor(name, ranges) };
}

/** A machine's hostname is every namespace's: there the node takes the namespace's name. */
function nodeNames(runtime: Runtime, { nodes = 1, netns }: UpOptions, { hostname }: MachineFacts): string[] {
  if (runtime === 'containerd') return [netns ?? hostname.toLowerCase()];
  return Array.from({ length: nodes }, (_, index) => `node-${index + 1}`);
}

async function planPorts(api: number, nodes: number, take: (wanted: number) => Promise<number>): Promise<Ports> {
  const kubelets: number[] = [];
  // Each from where the last one ended, and clear of the other components' ports.
  for (let wanted: number = standardPorts.kubelet; kubelets.length < nodes; wanted = afterKubelet(kubelets.at(-1) ?? wanted)) {
    kubelets.push(await take(wanted));
  }
  return {
    api,
    controllerManager: await take(standardPorts.controllerManager),
    scheduler: await take(standardPorts.scheduler),
    proxyHealth: await take(standardPorts.proxyHealth),
    proxyMetrics: await take(standardPorts.proxyMetrics),
    etcd: await take(standardPorts.etcd),
    etcdPeer: await take(standardPorts.etcdPeer),
    kubelets,
  };
}

function afterKubelet(port: number): number {
  return port === standardPorts.kubelet ? 11_250 : port + 1;
}
