import type { Node, Pod } from '@keelson/types';
import { type PodInfo, podInfo } from './cache/pod-info.ts';
import { NodeTable } from './cache/table.ts';
import { Reasons } from './cycle/reasons.ts';
import type { DefaultSelector, Plugin } from './plugins/types.ts';

/** Objects for this project's tests and benchmark. */

export interface NodeFacts {
  readonly labels?: Record<string, string>;
  readonly taints?: { key: string; value?: string; effect: string }[];
  readonly unschedulable?: boolean;
  readonly allocatable?: Record<string, string>;
  readonly images?: { names: string[]; sizeBytes: number }[];
}

export function node(name: string, { labels = {}, taints, unschedulable, allocatable = {}, images }: NodeFacts = {}): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec: { ...(taints ? { taints } : {}), ...(unschedulable ? { unschedulable } : {}) },
    status: { allocatable: { cpu: '4', memory: '32Gi', pods: '110', ...allocatable }, ...(images ? { images } : {}) },
  } as Node;
}

export interface PodFacts {
  readonly namespace?: string;
  readonly labels?: Record<string, string>;
  readonly requests?: Record<string, string>;
  /** Fields of the spec, unchecked: tables of tests widen their literals. */
  readonly spec?: Record<string, unknown>;
  readonly metadata?: Record<string, unknown>;
}

export function pod(
  name: string,
  { namespace = 'ns', labels = {}, requests = { cpu: '100m', memory: '500Mi' }, spec = {}, metadata = {} }: PodFacts = {},
): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, uid: `uid-${name}`, labels, ...metadata },
    spec: { containers: [{ name: 'c', image: 'app', resources: { requests } }], ...spec },
    status: { phase: 'Pending' },
  } as Pod;
}

export function info(name: string, facts: PodFacts = {}): PodInfo {
  return podInfo(pod(name, facts));
}

/** A table of nodes with pods on them. */
export function table(nodes: readonly Node[], pods: Readonly<Record<string, readonly Pod[]>> = {}): NodeTable {
  const made = new NodeTable();
  for (const one of nodes) made.setNode(one);
  for (const [name, there] of Object.entries(pods)) for (const one of there) made.addPod(podInfo(one), name);
  return made;
}

/** Per node: the reasons a plugin gives, joined, or nothing where it agrees. `!` marks what eviction cannot help. */
export function judge(plugin: Plugin, facts: PodFacts, nodes: NodeTable, spreadSelector?: DefaultSelector): string[] {
  const reasons = new Reasons();
  const verdicts = new Uint16Array(nodes.capacity);
  plugin.filter?.({ info: info('new', facts), table: nodes, reasons, spreadSelector, volumes: undefined, devices: undefined })?.(
    nodes.rows,
    verdicts,
  );
  return [...nodes.rows].map((row) => {
    const reason = reasons.of(verdicts[row] ?? 0);
    return reason ? `${reason.resolvable ? '' : '!'}${reason.words.join(', ')}` : '';
  });
}

/** Per node: the normalised score, or undefined when the plugin has nothing to say. */
export function rate(plugin: Plugin, facts: PodFacts, nodes: NodeTable, spreadSelector?: DefaultSelector): number[] | undefined {
  const score = plugin.score?.({
    info: info('new', facts),
    table: nodes,
    reasons: new Reasons(),
    spreadSelector,
    volumes: undefined,
    devices: undefined,
  });
  if (!score) return undefined;
  const scores = new Float64Array(nodes.capacity);
  score.score(nodes.rows, scores);
  score.normalize?.(nodes.rows, scores);
  return [...nodes.rows].map((row) => scores[row] ?? 0);
}
