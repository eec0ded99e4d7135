import { type Clock, timestamp } from '@keelson/base';

interface Condition {
  type: string;
  status: string;
  reason?: string | undefined;
  message?: string | undefined;
  lastTransitionTime?: string | null | undefined;
}

/** `conditions` with `condition` in its place; the transition time moves only when the status does. */
export function setCondition<C extends Condition>(conditions: readonly C[], condition: C, clock: Clock): C[] {
  const before = conditions.find(({ type }) => type === condition.type);
  const lastTransitionTime = before?.status === condition.status ? before.lastTransitionTime : timestamp(clock);
  const next = { ...condition, lastTransitionTime };
  return before ? conditions.map((one) => (one === before ? next : one)) : [...conditions, next];
}
