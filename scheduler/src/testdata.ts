import type { Node, Pod } from '@keelson/types';
import { type PodInfo, podInfo } from './cache/pod-info.ts';
import { NodeTable } from './cache/table.ts';

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
