import { rfc3339 } from '@keelson/base';
import { equal, getCondition, parseTime } from '@keelson/machinery';
import type { Lease, Node, NodeCondition, Taint } from '@keelson/types';

const prefix = 'node.kubernetes.io/';
export const notReady = `${prefix}not-ready`;
export const unreachable = `${prefix}unreachable`;
const unschedulable = `${prefix}unschedulable`;

/** Conditions a kubelet reports, and the taints they mean by status. */
const conditionTaints: readonly { type: string; taints: Readonly<Record<string, string>> }[] = [
  { type: 'Ready', taints: { False: notReady, Unknown: unreachable } },
  { type: 'MemoryPressure', taints: { True: `${prefix}memory-pressure` } },
  { type: 'DiskPressure', taints: { True: `${prefix}disk-pressure` } },
  { type: 'NetworkUnavailable', taints: { True: `${prefix}network-unavailable` } },
  { type: 'PIDPressure', taints: { True: `${prefix}pid-pressure` } },
];

/** Keys of NoSchedule taints this controller puts on and takes off. */
const ownKeys: ReadonlySet<string> = new Set([...conditionTaints.flatMap(({ taints }) => Object.values(taints)), unschedulable]);

const watchedConditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

/** The last sign of life of a node: what it was, and when this process saw it. Other machines' clocks are not believed. */
export interface Heartbeat {
  readonly sign: string;
  readonly at: number;
}

export interface Graces {
  readonly grace: number;
  /** For nodes that never reported. */
  readonly startup: number;
}

/** The heartbeat after a look at the node and its lease. */
export function nextHeartbeat(before: Heartbeat | undefined, node: Node, lease: Lease | undefined, now: number): Heartbeat {
  const conditions = (node.status?.conditions ?? []).filter(({ reason }) => reason !== 'NodeStatusUnknown');
  const sign = JSON.stringify([
    lease?.spec?.renewTime,
    conditions.map(({ type, status, lastHeartbeatTime }) => [type, status, lastHeartbeatTime]),
  ]);
  if (before?.sign === sign) return before;
  const reported = getCondition(node.status?.conditions, 'Ready') !== undefined || lease !== undefined;
  // One that never reported counts from its creation.
  return { sign, at: reported ? now : (parseTime(node.metadata.creationTimestamp) ?? now) };
}

/** When the node is given up unless it shows life, in milliseconds since the epoch. */
export function deadlineOf(node: Node, heartbeat: Heartbeat, { grace, startup }: Graces): number {
  return heartbeat.at + (getCondition(node.status?.conditions, 'Ready') ? grace : startup);
}

/** The conditions of a node that is given up: unknown, all of them. Undefined when they are so already. */
export function lostConditions(node: Node, now: number): NodeCondition[] | undefined {
  const before = node.status?.conditions ?? [];
  const after = [...before];
  for (const type of watchedConditions) {
    const i = after.findIndex((condition) => condition.type === type);
    const old = after[i];
    if (!old) after.push(neverReported(type, node, now));
    else if (old.status !== 'Unknown') {
      const reason = 'NodeStatusUnknown';
      after[i] = { ...old, status: 'Unknown', reason, message: 'Kubelet stopped posting node status.', lastTransitionTime: rfc3339(now) };
    }
  }
  return equal(before, after) ? undefined : after;
}

function neverReported(type: string, { metadata }: Node, now: number): NodeCondition {
  return {
    type,
    status: 'Unknown',
    reason: 'NodeStatusNeverUpdated',
    message: 'Kubelet never posted node status.',
    lastHeartbeatTime: metadata.creationTimestamp,
    lastTransitionTime: rfc3339(now),
  };
}

/** `True`, `False` or `Unknown`; Unknown for a node that does not say. */
export function readiness(node: Node): string {
  return getCondition(node.status?.conditions, 'Ready')?.status ?? 'Unknown';
}

/** What may be done about the NoExecute taint that a node's readiness calls for. `lift`: it must not have it, whatever its readiness. */
export type Eviction = 'add' | 'keep' | 'lift';

/**
 * The taints a node should have, or undefined when it has them. NoSchedule ones follow the conditions; NoExecute ones are put on only
 * when `eviction` says so, or in the place of the other one, and taken off as soon as their reason is gone.
 */
export function planTaints(node: Node, eviction: Eviction, now: number): Taint[] | undefined {
  const before = node.spec.taints ?? [];
  const keys = noScheduleKeys(node);
  const wantedExecute = eviction === 'lift' ? undefined : noExecuteKey(node);
  const kept = before.filter(({ key, effect }) => {
    if (effect === 'NoSchedule' && ownKeys.has(key)) return keys.has(key);
    if (effect === 'NoExecute' && (key === notReady || key === unreachable)) return key === wantedExecute;
    return true;
  });
  const swapped = before.some(({ key, effect }) => effect === 'NoExecute' && (key === notReady || key === unreachable));
  const has = (key: string, effect: string): boolean => kept.some((taint) => taint.key === key && taint.effect === effect);
  const timeAdded = rfc3339(now);
  const added: Taint[] = [...keys].filter((key) => !has(key, 'NoSchedule')).map((key) => ({ key, effect: 'NoSchedule', timeAdded }));
  if (wantedExecute && (eviction === 'add' || swapped) && !has(wantedExecute, 'NoExecute'))
    added.push({ key: wantedExecute, effect: 'NoExecute', timeAdded });
  return added.length === 0 && kept.length === before.length ? undefined : [...kept, ...added];
}

/** A node that has not said whether it is ready keeps the taint it registered with. */
function noScheduleKeys({ spec, status, ...node }: Node): ReadonlySet<string> {
  const keys = conditionTaints.flatMap(({ type, taints }) => taints[getCondition(status?.conditions, type)?.status ?? ''] ?? []);
  const unreported = getCondition(status?.conditions, 'Ready') === undefined && !node.metadata.deletionTimestamp;
  const kept = unreported && spec.taints?.some(({ key, effect }) => key === notReady && effect === 'NoSchedule') ? [notReady] : [];
  return new Set([...keys, ...kept, ...(spec.unschedulable ? [unschedulable] : [])]);
}

/** Undefined while the node is ready, or has not said. */
function noExecuteKey(node: Node): string | undefined {
  const status = getCondition(node.status?.conditions, 'Ready')?.status;
  return status === 'False' ? notReady : status === 'Unknown' ? unreachable : undefined;
}

/** A node that says it is not ready may be so for a moment only, as it starts: it gets this long before its pods are told to go. */
export const monitorPeriod = 5000;

/** From when on the node should get the NoExecute taint that it lacks, in milliseconds since the epoch; undefined when it lacks none. */
export function evictionDue(node: Node): number | undefined {
  const key = noExecuteKey(node);
  if (key === undefined || node.spec.taints?.some((taint) => taint.key === key && taint.effect === 'NoExecute')) return undefined;
  if (key === unreachable) return 0;
  return (parseTime(getCondition(node.status?.conditions, 'Ready')?.lastTransitionTime) ?? 0) + monitorPeriod;
}

/** Labels of nodes, and those that say the same under an older name. */
const oldLabels: readonly (readonly [string, string])[] = [
  ['kubernetes.io/os', 'beta.kubernetes.io/os'],
  ['kubernetes.io/arch', 'beta.kubernetes.io/arch'],
];

/** What a node's labels lack to say the same under their old names; undefined when they lack nothing. */
export function staleLabels({ metadata: { labels = {} } }: Node): Record<string, string> | undefined {
  const stale = oldLabels.flatMap(([name, old]) => {
    const value = labels[name];
    return value === undefined || labels[old] === value ? [] : [[old, value]];
  });
  return stale.length > 0 ? (Object.fromEntries(stale) as Record<string, string>) : undefined;
}
