import { isPodActive, isPodReady, labelSelectorMatcher, parseTime } from '@keelson/machinery';
import { type LabelSelector, Pod } from '@keelson/types';
import type { Cluster } from '../cluster.ts';
import { kindText } from '../resource/mapper.ts';
import { type Found, fetchOne } from '../resource/targets.ts';

/** The annotation that names the container to take when none is asked for. */
const defaultContainer = 'kubectl.kubernetes.io/default-container';

/** The pod of `name`, `pod/name` or `deployment/name`: of a workload, the one that is fittest to be looked at. */
export async function podFor(cluster: Cluster, argument: string): Promise<Pod> {
  return podOf(cluster, await fetchOne(cluster, [argument], 'pod'));
}

async function podOf(cluster: Cluster, found: Found): Promise<Pod> {
  if (found.mapping.kind === 'Pod') return found.object as unknown as Pod;
  const pods = await podsOf(cluster, found);
  const [best] = pods;
  if (!best) throw new Error(`timed out waiting for the condition`);
  return best;
}

/** The pods behind a workload or service, the fittest first. */
export async function podsOf(cluster: Cluster, { mapping, object, namespace, name }: Found): Promise<Pod[]> {
  if (mapping.kind === 'Pod') return [object as unknown as Pod];
  const spec = object.spec as { selector?: LabelSelector | Record<string, string> } | undefined;
  if (!spec?.selector) throw new Error(`cannot get the pods of ${kindText(mapping)}/${name}: selector is not set`);
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

/**
 * The container to work with: the one asked for, the one an annotation names, else the first. `note` is what kubectl says when it chose.
 * @throws Error for a name the pod does not have.
 */
export function containerFor(pod: Pod, asked: string): { readonly name: string; readonly note?: string } {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const names = [...containers, ...(ephemeralContainers ?? []), ...(initContainers ?? [])].map(({ name }) => name);
  if (asked !== '') {
    if (names.includes(asked)) return { name: asked };
    throw new Error(`container ${asked} not found in pod ${pod.metadata.name}_${pod.metadata.namespace}`);
  }
  const annotated = pod.metadata.annotations?.[defaultContainer];
  if (annotated && names.includes(annotated)) return { name: annotated };
  const [first] = containers;
  if (!first) throw new Error(`unable to determine the container of pod ${pod.metadata.name}`);
  if (names.length === 1) return { name: first.name };
  const list = [
    ...containers.map(({ name }) => name),
    ...(ephemeralContainers ?? []).map(({ name }) => `${name} (ephem)`),
    ...(initContainers ?? []).map(({ name }) => `${name} (init)`),
  ].join(', ');
  return { name: first.name, note: `Defaulted container ${JSON.stringify(first.name)} out of: ${list}` };
}
