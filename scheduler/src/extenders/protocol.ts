import type { Node, Pod } from '@keelson/types';
import type { PodInfo } from '../cache/pod-info.ts';
import type { Extender } from './config.ts';

/** Messages of kube-scheduler/extender/v1: what is asked of an extender and how its answers read. */

/** An answer's fields, whatever their case: Go's decoder does not mind it. */
type Answer = ReadonlyMap<string, unknown>;

export interface Victims {
  readonly node: string;
  readonly pods: readonly PodInfo[];
  /** How many of them their disruption budgets would rather keep. */
  readonly violations: number;
}

export interface Filtered {
  readonly names: readonly string[];
  /** Why nodes are refused; evicting pods helps with those under `failed`. */
  readonly failed: ReadonlyMap<string, string>;
  readonly unresolvable: ReadonlyMap<string, string>;
}

/** Whether an extender has to do with a pod. */
export function isInterested({ managedResources }: Extender, { spec }: Pod): boolean {
  if (managedResources.length === 0) return true;
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  return containers.some(({ resources }) =>
    managedResources.some(({ name }) => resources?.requests?.[name] !== undefined || resources?.limits?.[name] !== undefined),
  );
}

/** ExtenderArgs. */
export function extenderArgs({ nodeCacheCapable }: Extender, pod: Pod, nodes: readonly Node[]): unknown {
  const names = nodes.map(({ metadata }) => metadata.name ?? '');
  return nodeCacheCapable
    ? { Pod: pod, Nodes: null, NodeNames: names }
    : { Pod: pod, Nodes: { metadata: {}, items: nodes }, NodeNames: null };
}

/** An ExtenderFilterResult. @throws Error with what the extender says went wrong, or when it names nodes nobody asked about. */
export function readFiltered({ nodeCacheCapable, urlPrefix }: Extender, body: unknown, asked: readonly Node[]): Filtered {
  const answer = fieldsOf(body);
  throwError(answer);
  const known = new Set(asked.map(({ metadata }) => metadata.name ?? ''));
  const [listed, nodes] = [answer.get('nodenames'), fieldsOf(answer.get('nodes')).get('items')];
  const names = nodeCacheCapable && Array.isArray(listed) ? listed.map(String) : Array.isArray(nodes) ? nodes.map(nameIn) : [];
  for (const name of names)
    if (!known.has(name))
      throw new Error(`extender "${urlPrefix}" claims a filtered node "${name}" which is not found in the input node list`);
  return { names, failed: textsIn(answer.get('failednodes')), unresolvable: textsIn(answer.get('failedandunresolvablenodes')) };
}

/** A HostPriorityList. */
export function readPriorities(body: unknown): ReadonlyMap<string, number> {
  const list = Array.isArray(body) ? body.map(fieldsOf) : [];
  return new Map(list.map((one) => [String(one.get('host') ?? ''), Number(one.get('score') ?? 0)]));
}

/** ExtenderBindingArgs. */
export function bindingArgs({ pod, namespace, uid }: PodInfo, node: string): unknown {
  return { PodName: pod.metadata.name ?? '', PodNamespace: namespace, PodUID: uid, Node: node };
}

/** An ExtenderBindingResult, or what else says `Error`. @throws Error when it does */
export function checkAnswer(body: unknown): void {
  throwError(fieldsOf(body));
}

/** ExtenderPreemptionArgs. */
export function preemptionArgs({ nodeCacheCapable }: Extender, pod: Pod, candidates: readonly Victims[]): unknown {
  const byNode = (one: (victim: PodInfo) => unknown): unknown =>
    Object.fromEntries(candidates.map(({ node, pods, violations }) => [node, { Pods: pods.map(one), NumPDBViolations: violations }]));
  return nodeCacheCapable
    ? { Pod: pod, NodeNameToVictims: null, NodeNameToMetaVictims: byNode(({ uid }) => ({ UID: uid })) }
    : { Pod: pod, NodeNameToVictims: byNode(({ pod: victim }) => victim), NodeNameToMetaVictims: null };
}

/**
 * An ExtenderPreemptionResult: the victims the extender leaves or names instead. @param podsOn the pods of a node, undefined for nodes
 * there are not. @throws Error for pods that are not on their node, and, unless the extender is ignorable, for nodes without victims.
 */
export function readPreemption(
  { urlPrefix, ignorable }: Extender,
  body: unknown,
  podsOn: (node: string) => readonly PodInfo[] | undefined,
): readonly Victims[] {
  const byNode = fieldsOf(body).get('nodenametometavictims');
  return Object.entries(isObject(byNode) ? byNode : {}).flatMap(([node, victims]) => {
    const there = podsOn(node);
    if (!there) throw new Error(`extender: ${urlPrefix} claims to preempt node: ${node}, but the node is not found`);
    const listed = fieldsOf(victims).get('pods');
    const pods = (Array.isArray(listed) ? listed : []).map((one) => {
      const uid = String(fieldsOf(one).get('uid') ?? '');
      const found = there.find((pod) => pod.uid === uid);
      if (!found)
        throw new Error(
          `extender: ${urlPrefix} claims to preempt pod (UID: ${uid}) on node: ${node}, but the pod is not found on that node`,
        );
      return found;
    });
    if (pods.length === 0 && !ignorable) throw new Error(`expected at least one victim pod on node "${node}"`);
    const violations = Number(fieldsOf(victims).get('numpdbviolations') ?? 0);
    return pods.length === 0 ? [] : [{ node, pods, violations }];
  });
}

function throwError(answer: Answer): void {
  const error = answer.get('error');
  if (typeof error === 'string' && error !== '') throw new Error(error);
}

function fieldsOf(value: unknown): Answer {
  return new Map(Object.entries(isObject(value) ? value : {}).map(([name, one]) => [name.toLowerCase(), one]));
}

function textsIn(value: unknown): ReadonlyMap<string, string> {
  return new Map(Object.entries(isObject(value) ? value : {}).map(([name, one]) => [name, String(one)]));
}

function nameIn(node: unknown): string {
  return String(fieldsOf(fieldsOf(node).get('metadata')).get('name') ?? '');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
