import { objectPath, withQuery } from '@keelson/client';
import { isPodActive, isPodReady, labelSelectorMatcher, parseTime } from '@keelson/machinery';
import { type LabelSelector, Pod } from '@keelson/types';
import type { Cluster } from '../cluster.ts';
import { throwAll, UsageError, type UsageHint } from '../errors.ts';
import { type Found, fetchOne, fetchTargets, resolveTargets } from '../resource/targets.ts';
import type { Shell } from '../types.ts';

/** The annotation that names the container to take when none is asked for. */
const defaultContainer = 'kubectl.kubernetes.io/default-container';

/** @param timeout milliseconds to wait for a pod. @throws UsageError unless there are some. */
export function requireRunningTimeout(timeout: number, hint: UsageHint): void {
  if (timeout <= 0) throw new UsageError('--pod-running-timeout must be higher than zero', hint);
}

/** The pod of `name`, `pod/name`, `deployment/name` or `deployment` `name`: of a workload, the one that is fittest to be looked at. */
export async function podFor(cluster: Cluster, ...args: readonly string[]): Promise<Pod> {
  return podOf(cluster, await fetchOne(cluster, args, 'pod'));
}

/** The pod of the first object in manifests. */
export async function podOfFile(cluster: Cluster, shell: Shell, filenames: readonly string[]): Promise<Pod> {
  const selection = { args: [], filenames };
  const { found, errors } = await fetchTargets(cluster, await resolveTargets(cluster, shell, selection), selection);
  throwAll(errors);
  const [first] = found;
  if (!first) throw new Error('no objects passed to exec');
  return podOf(cluster, first);
}

async function podOf(cluster: Cluster, found: Found): Promise<Pod> {
  if (found.mapping.kind === 'Pod') return found.object as unknown as Pod;
  const pods = await podsOf(cluster, found);
  const [best] = pods;
  if (!best) throw new Error(`timed out waiting for the condition`);
  return best;
}

/** Kinds whose selectors upstream's kubectl follows. */
const selectable = new Set(['ReplicaSet', 'ReplicationController', 'StatefulSet', 'DaemonSet', 'Deployment', 'Job', 'Service']);

/** `*v1.Service`: how upstream's messages call a built-in kind. */
function goTypeOf({ version, kind }: Found['mapping']): string {
  return `*${version}.${kind}`;
}

/** The pods behind a workload or service, the fittest first. */
export async function podsOf(cluster: Cluster, { mapping, object, namespace, name }: Found, trouble = 'cannot attach to'): Promise<Pod[]> {
  if (mapping.kind === 'Pod') return [object as unknown as Pod];
  const spec = object.spec as { selector?: LabelSelector | Record<string, string> } | undefined;
  const type = goTypeOf(mapping);
  if (!selectable.has(mapping.kind)) throw new Error(`${trouble} ${type}: selector for ${type} not implemented`);
  if (!spec?.selector)
    throw new Error(`${trouble} ${type}: invalid ${mapping.kind.toLowerCase()} '${name}': ${mapping.kind} is defined without a selector`);
  const selector = mapping.group === '' ? { matchLabels: spec.selector as Record<string, string> } : (spec.selector as LabelSelector);
  const { items } = await cluster.api.list(Pod, { namespace, labelSelector: labelSelectorMatcher(selector).toString() });
  return items.sort(fitness);
}

/** Scheduled before unscheduled, running before pending, ready before not, older before younger. */
function fitness(a: Pod, b: Pod): number {
  const rank = (pod: Pod): number[] => [
    pod.spec?.nodeName ? 0 : 1,
    ['Running', 'Unknown', 'Pending'].indexOf(pod.status?.phase ?? '') === 0 ? 0 : 1,
    isPodReady(pod) ? 0 : 1,
    isPodActive(pod) ? 0 : 1,
    parseTime(pod.metadata.creationTimestamp) ?? 0,
  ];
  const [left, right] = [rank(a), rank(b)];
  for (const [i, value] of left.entries()) if (value !== right[i]) return value - (right[i] ?? 0);
  return 0;
}

/** All of a pod's containers, those of every kind. */
export function containerNames({ spec }: Pod): string[] {
  const { containers = [], initContainers, ephemeralContainers } = spec ?? {};
  return [...containers, ...(ephemeralContainers ?? []), ...(initContainers ?? [])].map(({ name }) => name);
}

/**
 * The container to work with: the one asked for, the one an annotation names, else the first. `note` is what kubectl says when it chose.
 * @throws Error for a name the pod does not have.
 */
export function containerFor(pod: Pod, asked: string): { readonly name: string; readonly note?: string } {
  const { containers = [] } = pod.spec ?? {};
  const names = containerNames(pod);
  if (asked !== '') {
    if (names.includes(asked)) return { name: asked };
    throw new Error(notAmong(pod, asked));
  }
  const annotated = pod.metadata.annotations?.[defaultContainer];
  if (annotated && names.includes(annotated)) return { name: annotated };
  const [first] = containers;
  if (!first) throw new Error(`unable to determine the container of pod ${pod.metadata.name}`);
  if (names.length === 1) return { name: first.name };
  return { name: first.name, note: `Defaulted container ${JSON.stringify(first.name)} out of: ${choice(pod)}` };
}

/** A pod's containers, as messages list them. */
function choice({ spec }: Pod): string {
  const { containers = [], initContainers, ephemeralContainers } = spec ?? {};
  return [
    ...containers.map(({ name }) => name),
    ...(ephemeralContainers ?? []).map(({ name }) => `${name} (ephem)`),
    ...(initContainers ?? []).map(({ name }) => `${name} (init)`),
  ].join(', ');
}

/** Of a container that a pod does not have. */
export function notAmong(pod: Pod, asked: string): string {
  return `container ${asked} is not valid for pod ${pod.metadata.name} out of: ${choice(pod)}`;
}

/** Prints what a container has written so far. */
export async function printLog(
  cluster: Cluster,
  shell: Shell,
  { metadata: { name = '', namespace } }: Pod,
  container: string,
): Promise<number> {
  const path = withQuery(objectPath(Pod, { name, namespace }, 'log'), { container });
  const { chunks } = await cluster.api.raw({ method: 'GET', path, headers: { accept: '*/*' }, signal: shell.signal });
  for await (const chunk of chunks) shell.stdout.write(chunk);
  return 0;
}
