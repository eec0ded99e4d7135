import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { answers, clusterPaths, containerdPaths, exists, isFree, missingPackages, readMachine } from '@keelson/deploy-local';
import { kubeconfigNames, type Layout } from '../layout.ts';
import type { Facts } from './plan.ts';

/** What is asked of the machine. */
export interface Wanted {
  readonly layout: Layout;
  readonly nodeName: string;
  readonly address: string | undefined;
  readonly criSocket: string;
  /** Ports that its processes will listen on. */
  readonly ports: readonly number[];
  readonly etcdServers: readonly string[];
  /** Control planes may be brought authorities of somebody else's, as upstream's. */
  readonly isControlPlane: boolean;
}

/** The first address of the machine that packets to the outside leave from; undefined when there is only loopback. */
export async function firstAddress(): Promise<string | undefined> {
  return (await readMachine(undefined)).addresses[0];
}

/** Looks at everything that can be known to go wrong, whether or not something else was found already. */
export async function readFacts(wanted: Wanted): Promise<Facts> {
  const { layout, nodeName, address, criSocket, ports, etcdServers, isControlPlane } = wanted;
  const socket = containerdPaths(clusterPaths(layout.data).containerd).socket;
  const [machine, packages, inUse, leftovers, unreachable] = await Promise.all([
    readMachine(undefined),
    criSocket ? [] : missingPackages({ runtime: 'containerd', store: 'sqlite', etcdServers: [] }),
    Promise.all(ports.map(async (port) => ((await isFree(port)) ? [] : [port]))),
    leftoversOf(layout, isControlPlane ? [] : [`${layout.pki}/ca.crt`]),
    Promise.all([...etcdServers.map(askEtcd), ...(criSocket ? [askRuntime(criSocket)] : [])]),
  ]);
  return {
    root: layout.root,
    isRoot: process.getuid?.() === 0,
    noContainers: machine.noContainers?.replace(/,? or --runtime model$|: use --runtime model$/, ''),
    missingPackages: packages,
    portsInUse: inUse.flat(),
    leftovers,
    nodeName,
    address,
    socketLength: criSocket ? 0 : socket.length,
    unreachable: unreachable.flat(),
  };
}

async function leftoversOf(layout: Layout, certificates: readonly string[]): Promise<string[]> {
  const files = [layout.machine, ...kubeconfigNames.map(layout.kubeconfig), ...certificates];
  const found = await Promise.all(files.map(async (path) => ((await exists(path)) ? [path] : [])));
  const manifests = (await readdir(layout.manifests).catch(() => [])).length > 0 ? [layout.manifests] : [];
  return [...found.flat(), ...manifests];
}

async function askRuntime(endpoint: string): Promise<Facts['unreachable']> {
  return (await answers(endpoint.replace(/^unix:\/\//, ''))) ? [] : [{ check: 'CRI', endpoint, reason: 'nobody listens' }];
}

const patienceMs = 3_000;

/** Whether anybody listens at the URL. Who it is shows when the API server calls. */
function askEtcd(url: string): Promise<Facts['unreachable']> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) || 2379, timeout: patienceMs });
    const finish = (reason?: string): void => {
      socket.destroy();
      resolve(reason === undefined ? [] : [{ check: 'ExternalEtcd', endpoint: url, reason }]);
    };
    socket.once('connect', () => finish());
    socket.once('timeout', () => finish('no answer'));
    socket.once('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
  });
}
