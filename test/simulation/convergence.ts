import { Deployment, EndpointSlice, Pod, ReplicaSet, Service } from '@keelson/types';
import type { Cluster } from '../src/index.ts';
import { addressesOf, backendsOn, endpointsOf, podsOf, settledAt } from '../src/workloads.ts';
import { imageOf, type World } from './operations.ts';

/** What is not yet as users want it; empty once all is. */
export async function differences({ cluster, wanted }: World): Promise<string[]> {
  const objects = [...wanted].flatMap(([name, wish]) => deploymentDifferences(cluster, name, wish.replicas, imageOf(wish.version)));
  const found = [...objects, ...leftovers(cluster, new Set(wanted.keys()))];
  return found.length > 0 ? found : nodeDifferences(cluster, [...wanted.keys()]);
}

function deploymentDifferences(cluster: Cluster, name: string, replicas: number, image: string): string[] {
  const { metadata, spec, status = {} } = cluster.history.get(Deployment, name) ?? {};
  const pods = podsOf(cluster, name);
  const { observedGeneration, updatedReplicas = 0, availableReplicas = 0 } = status;
  const checks: [string, boolean][] = [
    ['is there', metadata !== undefined && !metadata.deletionTimestamp],
    ['is observed', observedGeneration === metadata?.generation],
    ['has its size', spec?.replicas === replicas && settledAt(cluster, replicas, name)],
    ['says so', updatedReplicas === replicas && availableReplicas === replicas && (status.replicas ?? 0) === replicas],
    ['runs its version', pods.every((pod) => pod.spec?.containers[0]?.image === image)],
    ['has its endpoints', String(endpointsOf(cluster, name)) === String(addressesOf(pods))],
  ];
  return checks.filter(([, holds]) => !holds).map(([what]) => `${name} not yet: ${what}`);
}

/** Objects that nobody wants any more. */
function leftovers({ history }: Cluster, wanted: ReadonlySet<string>): string[] {
  const unwanted = (name: string | undefined): boolean => name !== undefined && name !== 'kubernetes' && !wanted.has(name);
  const owned = [...history.list(ReplicaSet, 'default'), ...history.list(Pod, 'default')].filter(({ metadata }) =>
    unwanted(metadata.labels?.app),
  );
  const named = [...history.list(Deployment, 'default'), ...history.list(Service, 'default')].filter(({ metadata }) =>
    unwanted(metadata.name),
  );
  const slices = history.list(EndpointSlice, 'default').filter(({ metadata }) => unwanted(metadata.labels?.['kubernetes.io/service-name']));
  return [...owned, ...named, ...slices].map(({ kind, metadata }) => `${kind} ${metadata.name} is left over`);
}

/** What runs is what the API server says, and every node's rules lead to it. */
async function nodeDifferences(cluster: Cluster, names: readonly string[]): Promise<string[]> {
  const pods = cluster.history.list(Pod, 'default');
  const addresses = String(addressesOf(names.flatMap((name) => podsOf(cluster, name))));
  const found: string[] = [];
  for (const { name, runtime } of cluster.nodes.values()) {
    if (!cluster.isReady(name)) found.push(`${name} is not ready`);
    if (String(await backendsOn(cluster, name)) !== addresses) found.push(`the rules of ${name} lead elsewhere`);
    const running = (await runtime.sandboxes.list())
      .filter(({ ready }) => ready)
      .map(({ uid }) => uid)
      .sort();
    const meant = pods
      .filter(({ spec }) => spec?.nodeName === name)
      .map(({ metadata }) => metadata.uid)
      .sort();
    if (String(running) !== String(meant)) found.push(`${name} runs ${running.length} pods, ${meant.length} are meant`);
  }
  return found;
}
