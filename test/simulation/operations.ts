import type { Random } from '@keelson/base';
import { Deployment, Pod, Service } from '@keelson/types';
import type { Cluster } from '../src/index.ts';
import { crash, createDeployment, createService, edit, podsOf, scale } from '../src/workloads.ts';

/** What a Deployment, with the Service of its name, should look like. */
export interface Wanted {
  replicas: number;
  version: number;
}

/** A cluster, what its users want of it, and what is broken at present. */
export interface World {
  readonly cluster: Cluster;
  readonly random: Random;
  readonly wanted: Map<string, Wanted>;
  readonly silentNodes: Set<string>;
}

/** Something that users do. The name of it and what it was done to goes into the log of the simulation. */
type Operation = (world: World) => Promise<string | undefined>;

const names = ['api', 'cache', 'jobs', 'mail', 'shop', 'web'];
const mostReplicas = 6;

export function imageOf(version: number): string {
  return `registry.local/app:${version}`;
}

const create: Operation = async ({ cluster, random, wanted }) => {
  const name = pick(
    random,
    names.filter((one) => !wanted.has(one)),
  );
  if (!name || cluster.history.get(Deployment, name)) return undefined;
  const replicas = below(random, mostReplicas) + 1;
  wanted.set(name, { replicas, version: 1 });
  await createDeployment(cluster, { name, replicas, container: { image: imageOf(1) } });
  if (!cluster.history.get(Service, name)) await createService(cluster, name);
  return `create ${name} of ${replicas}`;
};

const resize: Operation = async ({ cluster, random, wanted }) => {
  const name = pick(random, [...wanted.keys()]);
  const wish = wanted.get(name ?? '');
  if (!name || !wish) return undefined;
  wish.replicas = below(random, mostReplicas + 1);
  await scale(cluster, wish.replicas, name);
  return `scale ${name} to ${wish.replicas}`;
};

const rollOut: Operation = async ({ cluster, random, wanted }) => {
  const name = pick(random, [...wanted.keys()]);
  const wish = wanted.get(name ?? '');
  if (!name || !wish) return undefined;
  // Sometimes back to a version there was before.
  wish.version = random.next() < 0.3 ? 1 : wish.version + 1;
  await edit(cluster, Deployment, { namespace: 'default', name }, ({ spec }) => {
    const [container] = spec?.template.spec?.containers ?? [];
    if (container) container.image = imageOf(wish.version);
  });
  return `roll out ${name} version ${wish.version}`;
};

const remove: Operation = async ({ cluster, random, wanted }) => {
  const name = pick(random, [...wanted.keys()]);
  if (!name) return undefined;
  wanted.delete(name);
  const propagationPolicy = random.next() < 0.5 ? 'Background' : 'Foreground';
  const key = { namespace: 'default', name };
  await cluster.api.delete(Deployment, key, { propagationPolicy });
  await cluster.api.delete(Service, key);
  return `delete ${name} in the ${propagationPolicy.toLowerCase()}`;
};

const deletePod: Operation = async ({ cluster, random, wanted }) => {
  const pod = pick(
    random,
    [...wanted.keys()].flatMap((name) => podsOf(cluster, name)),
  );
  if (!pod) return undefined;
  await cluster.api.delete(Pod, { namespace: 'default', name: pod.metadata.name ?? '' });
  return `delete pod ${pod.metadata.name}`;
};

const crashContainer: Operation = async ({ cluster, random, wanted }) => {
  const running = [...wanted.keys()]
    .flatMap((name) => podsOf(cluster, name))
    .filter(({ status }) => status?.containerStatuses?.[0]?.state?.running);
  const pod = pick(random, running);
  if (!pod) return undefined;
  // What the status says may be over already.
  await crash(cluster, pod, below(random, 2)).catch(() => undefined);
  return `crash ${pod.metadata.name}`;
};

const crashSandbox: Operation = async ({ cluster, random }) => {
  const node = pick(random, [...cluster.nodes.values()]);
  const sandbox = pick(random, (await node?.runtime.sandboxes.list())?.filter(({ ready }) => ready) ?? []);
  if (!node || !sandbox) return undefined;
  node.runtime.crash(sandbox.id);
  return `crash the sandbox of ${sandbox.name}`;
};

const silenceNode: Operation = async ({ cluster, random, silentNodes }) => {
  const name = pick(
    random,
    [...cluster.nodes.keys()].filter((one) => !silentNodes.has(one)),
  );
  if (!name || silentNodes.size >= cluster.nodes.size - 2) return undefined;
  silentNodes.add(name);
  await cluster.node(name).stopKubelet();
  return `stop the kubelet of ${name}`;
};

const wakeNode: Operation = async ({ cluster, random, silentNodes }) => {
  const name = pick(random, [...silentNodes]);
  if (!name) return undefined;
  silentNodes.delete(name);
  cluster.node(name).startKubelet();
  return `start the kubelet of ${name}`;
};

const restartKubelet: Operation = async ({ cluster, random, silentNodes }) => {
  const name = pick(
    random,
    [...cluster.nodes.keys()].filter((one) => !silentNodes.has(one)),
  );
  if (!name) return undefined;
  await cluster.node(name).stopKubelet();
  cluster.node(name).startKubelet();
  return `restart the kubelet of ${name}`;
};

const cutConnections: Operation = async ({ cluster, random }) => {
  const [name, one] = pick(random, connected(cluster)) ?? [];
  one?.cut();
  return `cut the connections of ${name}`;
};

const severNode: Operation = async ({ cluster, random, silentNodes }) => {
  const name = pick(random, [...cluster.nodes.keys()]);
  if (!name || silentNodes.size >= cluster.nodes.size - 2) return undefined;
  const away = below(random, 120_000);
  cluster.node(name).sever(true);
  await cluster.advance(away);
  cluster.node(name).sever(false);
  return `${name} was cut off for ${away} ms`;
};

const restartServer: Operation = async ({ cluster, random }) => {
  const away = below(random, 20_000);
  await cluster.stopServer();
  await cluster.advance(away);
  await cluster.startServer();
  return `the API server was away for ${away} ms`;
};

const restartController: Operation = async ({ cluster, random }) => {
  const component = random.next() < 0.5 ? cluster.scheduler : cluster.controllerManager;
  const away = below(random, 10_000);
  component.kill();
  await cluster.advance(away);
  component.start();
  return `${component.name} was away for ${away} ms`;
};

/** What users do, and what goes wrong. */
export const usual: readonly Operation[] = [create, create, resize, resize, rollOut, rollOut, remove];
export const trouble: readonly Operation[] = [
  ...[deletePod, crashContainer, crashContainer, crashSandbox, silenceNode, wakeNode, severNode],
  ...[restartKubelet, cutConnections, cutConnections, restartServer, restartController],
];

/** One of them, drawn by chance. */
export function pick<T>(random: Random, all: readonly T[]): T | undefined {
  return all[below(random, all.length)];
}

/** A whole number from 0 to below `bound`. */
export function below(random: Random, bound: number): number {
  return Math.floor(random.next() * bound);
}

function connected(cluster: Cluster): [name: string, { cut(): void }][] {
  return [...cluster.nodes, ['kube-scheduler', cluster.scheduler], ['kube-controller-manager', cluster.controllerManager]];
}
