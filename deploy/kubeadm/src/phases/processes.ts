import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { buildAddonImages } from '@keelson/addons';
import { readText } from '@keelson/client';
import { importImages } from '@keelson/deploy-images';
import { clusterPaths, isReady, loadImages, shareMounts } from '@keelson/deploy-local';
import { Node } from '@keelson/types';
import { ensureBundles } from '../../../../tools/bundle.ts';
import { configure, servicesFor } from '../services/surroundings.ts';
import { type Context, localServer, telling, waitFor, withApi } from './context.ts';

/** Programs and directories that the processes are started with, and the container runtime, where it is ours. */
export async function prepareProcesses(context: Context): Promise<void> {
  const { machine, layout, say } = context;
  const services = servicesFor(machine);
  const log = telling(say);
  const { database } = clusterPaths(layout.data);
  await Promise.all(
    [layout.manifests, layout.kubelet, layout.kubeletPki, dirname(database)].map((path) => mkdir(path, { recursive: true })),
  );
  await shareMounts(layout.kubelet);
  await Promise.all([ensureBundles(log, ['kubectl', ...services.flatMap(({ program }) => program ?? [])]), prepareRuntime(context)]);
}

/** The private container runtime, if the machine has none of its own, and the images that no registry has. */
async function prepareRuntime({ machine, layout, host, say }: Context): Promise<void> {
  const log = telling(say);
  const socket = machine.criSocket ? machine.criSocket.replace(/^unix:\/\//, '') : await host.startRuntime();
  say(machine.criSocket ? `the container runtime is ${machine.criSocket}` : 'containerd is ready');
  await loadImages({ dataDir: layout.data }, socket, log);
  await importImages(socket, await buildAddonImages(machine.cluster.addons, log));
}

/** Starts the processes of these names, in the order in which they need each other. */
export async function startServices(context: Context, names: readonly string[]): Promise<void> {
  for (const service of servicesFor(context.machine).filter(({ name }) => names.includes(name))) {
    await configure(service.name, context.machine);
    await context.host.start(service);
  }
}

/** From now on the machine's processes are started again when they end. */
export async function keepRunning({ machine, host }: Context): Promise<void> {
  await host.keepRunning(servicesFor(machine), !machine.criSocket);
}

/** Starts the API server and waits until it is ready, by its word to that user, then those who work for it. */
export async function startControlPlane(context: Context, user: string): Promise<void> {
  const { say } = context;
  await startServices(context, ['kube-apiserver']);
  const ask = (): Promise<true | undefined> =>
    withApi(
      context,
      user,
      async (api) => {
        const response = await api.raw({ method: 'GET', path: '/readyz' });
        await readText(response);
        return response.status === 200 ? true : undefined;
      },
      localServer(context.machine),
    );
  await waitFor(context, { what: 'the API server to be ready', service: 'kube-apiserver', attempt: ask });
  say('the API server is ready');
  await startServices(context, ['kube-controller-manager', 'kube-scheduler']);
}

/** Waits until the machine's own node is ready, by the word of a kubelet that was started at `since` (milliseconds) or later. */
export async function untilReady(context: Context, since: number): Promise<void> {
  const { nodeName } = context.machine;
  const attempt = (): Promise<true | undefined> =>
    withApi(context, 'kubelet', async (api) => (isReady(await api.get(Node, { name: nodeName }), since) ? true : undefined));
  await waitFor(context, { what: `node ${nodeName} to be ready`, service: 'kubelet', attempt });
  context.say(`node ${nodeName} is ready`);
}
