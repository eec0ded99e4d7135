/** What all conditions share, whatever kind they stand in. */
export interface ConditionLike {
  readonly type: string;
  readonly status: string;
  readonly lastTransitionTime?: string | undefined | null;
}

export function getCondition<T extends ConditionLike>(conditions: readonly T[] | undefined | null, type: string): T | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function isConditionTrue(conditions: readonly ConditionLike[] | undefined | null, type: string): boolean {
  return getCondition(conditions, type)?.status === 'True';
}

/**
 * The list with a condition added, or put in its old one's place. The transition time stays as it was unless the status changed.
 * @param now `metav1.Time`, for a transition that has no time of its own.
 */
export function setCondition<T extends ConditionLike>(
  conditions: readonly T[] | undefined | null,
  wanted: ConditionLike & Omit<T, 'lastTransitionTime'>,
  now: string,
): T[] {
  const old = getCondition(conditions, wanted.type);
  const since = old && old.status === wanted.status ? old.lastTransitionTime : wanted.lastTransitionTime;
  const condition = { ...wanted, lastTransitionTime: since ?? now } as unknown as T;
  if (!old) return [...(conditions ?? []), condition];
  return (conditions ?? []).map((present) => (present === old ? condition : present));
}

export function removeCondition<T extends ConditionLike>(conditions: readonly T[] | undefined | null, type: string): T[] {
  return (conditions ?? []).filter((condition) => condition.type !== type);
}
