import type { KubeObject, ObjectKey } from '@keelson/client';
import { container } from '@keelson/testing';
import {
  type Container,
  Deployment,
  EndpointSlice,
  Event as EventKind,
  type Kind,
  Pod,
  type PodSpec,
  ReplicaSet,
  Service,
} from '@keelson/types';
import type { Cluster } from './cluster.ts';

export interface DeploymentWish {
  readonly name?: string;
  readonly namespace?: string;
  readonly replicas?: number;
  readonly container?: Partial<Container>;
  readonly pod?: Partial<PodSpec>;
  readonly spec?: Partial<Deployment['spec']>;
}

/** Creates a Deployment named and labelled `web`, of 3, unless told otherwise. */
export function createDeployment(cluster: Cluster, wish: DeploymentWish = {}): Promise<Deployment> {
  const { name = 'web', namespace = 'default', replicas = 3 } = wish;
  const labels = { app: name };
  const spec = { containers: [container({ name: 'main', ...wish.container })], ...wish.pod };
  return cluster.api.create(Deployment, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec }, ...wish.spec },
  } as Deployment);
}

/** Creates a Service that leads from port 80 to port 8080 of the pods labelled with its name. */
export function createService(cluster: Cluster, name = 'web', namespace = 'default'): Promise<Service> {
  return cluster.api.create(Service, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { selector: { app: name }, ports: [{ port: 80, protocol: 'TCP', targetPort: 8080 }] },
  } as Service);
}

/** Creates a pod of one container. */
export function createPod(cluster: Cluster, name: string, spec: Partial<PodSpec> = {}): Promise<Pod> {
  return cluster.api.create(Pod, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { app: name } },
    spec: { containers: [container()], ...spec },
  } as Pod);
}

/** Reads an object, lets `change` change it, and writes it back. */
export async function edit<T extends KubeObject>(cluster: Cluster, kind: Kind<T>, key: ObjectKey, change: (object: T) => void): Promise<T> {
  const object = await cluster.api.get(kind, key);
  change(object);
  return cluster.api.update(kind, object);
}

export function scale(cluster: Cluster, replicas: number, name = 'web'): Promise<Deployment> {
  const patch = { spec: { replicas } };
  return cluster.api.patch(Deployment, { namespace: 'default', name }, 'application/merge-patch+json', patch);
}

/** All pods labelled with a name, those that end included. */
export function podsOf(cluster: Cluster, name = 'web', namespace = 'default'): Pod[] {
  return cluster.history.list(Pod, namespace).filter(({ metadata }) => metadata.labels?.app === name);
}

/** Those that are Ready and not about to end. */
export function readyPodsOf(cluster: Cluster, name = 'web', namespace = 'default'): Pod[] {
  return podsOf(cluster, name, namespace).filter(isReady);
}

export function isReady({ metadata, status }: Pod): boolean {
  return (
    !metadata.deletionTimestamp && (status?.conditions ?? []).some((condition) => condition.type === 'Ready' && condition.status === 'True')
  );
}

/** True when exactly `count` pods exist and all are Ready. */
export function settledAt(cluster: Cluster, count: number, name = 'web', namespace = 'default'): boolean {
  return podsOf(cluster, name, namespace).length === count && readyPodsOf(cluster, name, namespace).length === count;
}

/** The ReplicaSets of a Deployment, the newest revision last. */
export function replicaSetsOf(cluster: Cluster, name = 'web'): ReplicaSet[] {
  const revision = ({ metadata }: ReplicaSet): number => Number(metadata.annotations?.['deployment.kubernetes.io/revision']);
  return cluster.history
    .list(ReplicaSet)
    .filter(({ metadata }) => metadata.labels?.app === name)
    .sort((a, b) => revision(a) - revision(b));
}

/** Addresses of a Service's ready endpoints, in order. */
export function endpointsOf(cluster: Cluster, name = 'web'): string[] {
  const slices = cluster.history.list(EndpointSlice).filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name);
  return slices
    .flatMap(({ endpoints }) => endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready)
    .flatMap(({ addresses }) => addresses)
    .sort();
}

/** Where a node's rules send traffic to port 8080, in order: addresses of pods. */
export async function backendsOn(cluster: Cluster, node: string): Promise<string[]> {
  const rules = await cluster.node(node).rules.save();
  return [...rules.matchAll(/--to-destination (\S+):8080$/gm)].map(([, address = '']) => address).sort();
}

export function addressesOf(pods: readonly Pod[]): string[] {
  return pods.map(({ status }) => status?.podIP ?? '').sort();
}

/** Ends the running container of a pod by itself, as a crash does. */
export async function crash(cluster: Cluster, { metadata, spec }: Pod, exitCode = 1): Promise<void> {
  const { runtime } = cluster.node(spec?.nodeName ?? '');
  const running = (await runtime.containers.list()).find(
    ({ labels, phase }) => phase === 'running' && labels['io.kubernetes.pod.uid'] === metadata.uid,
  );
  if (!running) throw new Error(`no container of ${metadata.name} runs`);
  runtime.exit(running.id, exitCode);
}

/** Events about an object of that name, oldest first, as `reason: message`. */
export function eventsAbout(cluster: Cluster, name: string): string[] {
  return cluster.history
    .list(EventKind)
    .filter(({ involvedObject }) => involvedObject.name === name)
    .sort((a, b) => String(a.firstTimestamp).localeCompare(String(b.firstTimestamp)))
    .map(({ reason, message }) => `${reason}: ${message}`);
}
