import type { PodCondition, PodStatus } from '@keelson/types';

/** Lists that a strategic merge patch merges by key: what left must be said, or it stays. */
const mergedBy: Readonly<Record<string, string>> = { podIPs: 'ip', hostIPs: 'ip' };

/** Fields of the status that this kubelet writes. */
const owned = [
  'observedGeneration',
  'phase',
  'message',
  'reason',
  'hostIP',
  'hostIPs',
  'podIP',
  'podIPs',
  'startTime',
  'initContainerStatuses',
  'containerStatuses',
  'ephemeralContainerStatuses',
  'qosClass',
] as const satisfies readonly (keyof PodStatus)[];

/**
 * The strategic merge patch from one status to another, with the pod's uid as precondition; undefined when nothing changed. Only
 * changed conditions are named, so that those of other writers stay.
 */
export function statusPatch(uid: string, before: PodStatus | undefined, after: PodStatus): object | undefined {
  const status: Record<string, unknown> = {};
  for (const field of owned) {
    const [old, wanted] = [before?.[field], after[field]];
    if (!same(old, wanted)) status[field] = wanted === undefined ? null : mergeList(field, old, wanted);
  }
  const conditions = changedConditions(before?.conditions ?? [], after.conditions ?? []);
  if (conditions.length > 0) status.conditions = conditions;
  return Object.keys(status).length > 0 ? { metadata: { uid }, status } : undefined;
}

/** Conditions that are only there while they are true. */
const passing = ['PodResizePending', 'PodResizeInProgress'];

/** A merged entry keeps what the patch does not name: members that are gone are named as null. */
function changedConditions(before: readonly PodCondition[], after: readonly PodCondition[]): object[] {
  const over = before.filter(({ type }) => passing.includes(type) && !after.some((condition) => condition.type === type));
  const changed = after.flatMap((condition) => {
    const old = before.find(({ type }) => type === condition.type);
    if (same(condition, old)) return [];
    const gone = Object.keys(old ?? {}).filter((member) => !(member in condition));
    return [{ ...condition, ...Object.fromEntries(gone.map((member) => [member, null])) }];
  });
  return [...changed, ...over.map(({ type }) => ({ $patch: 'delete', type }))];
}

function mergeList(field: string, old: unknown, wanted: unknown): unknown {
  const key = mergedBy[field];
  if (!key || !Array.isArray(old) || !Array.isArray(wanted)) return wanted;
  const kept = new Set(wanted.map((item: Record<string, unknown>) => item[key]));
  const gone = old.filter((item: Record<string, unknown>) => !kept.has(item[key]));
  return [...wanted, ...gone.map((item: Record<string, unknown>) => ({ $patch: 'delete', [key]: item[key] }))];
}

function same(a: unknown, b: unknown): boolean {
  return a === b || stable(a) === stable(b);
}

/** JSON with sorted keys: servers and runtimes may order members as they like. */
function stable(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    each !== null && typeof each === 'object' && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}
