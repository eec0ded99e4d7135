import type { HorizontalPodAutoscalerBehavior, HPAScalingPolicy, HPAScalingRules } from '@keelson/types';

/** A number of replicas that was thought right, and when. */
export interface Recommendation {
  readonly at: number;
  readonly replicas: number;
}

/** A change that was made; `by` is never negative. */
export interface ScaleEvent {
  readonly at: number;
  readonly by: number;
}

/** What an autoscaler remembers from one look to the next; a restart forgets it. */
export interface History {
  readonly recommendations: readonly Recommendation[];
  readonly ups: readonly ScaleEvent[];
  readonly downs: readonly ScaleEvent[];
}

/** Before the first look: what the target has counts as recommended. */
export function firstHistory(replicas: number, now: number): History {
  return { recommendations: [{ at: now, replicas }], ups: [], downs: [] };
}

/** The longest window and period there are, in milliseconds. */
const longestMemory = 3_600_000;

/** The history with what can matter no more left out, and a recommendation added. */
export function remember(history: History, replicas: number, now: number, window: number): History {
  const since = now - Math.max(longestMemory, window);
  return { ...history, recommendations: [...history.recommendations.filter(({ at }) => at >= since), { at: now, replicas }] };
}

/** The history with a change added. Without behavior nobody asks for changes. */
export function rememberChange(
  history: History,
  from: number,
  to: number,
  now: number,
  behavior: HorizontalPodAutoscalerBehavior | undefined,
): History {
  if (!behavior) return history;
  const recent = (events: readonly ScaleEvent[]): ScaleEvent[] => events.filter(({ at }) => at > now - longestMemory);
  const event = { at: now, by: Math.abs(to - from) };
  return to > from ? { ...history, ups: [...recent(history.ups), event] } : { ...history, downs: [...recent(history.downs), event] };
}

/** A number of replicas, and why it is not another. */
export interface Reasoned {
  readonly replicas: number;
  readonly reason: string;
  readonly message: string;
}

export interface Bounds {
  readonly current: number;
  readonly least: number;
  readonly most: number;
}

const lowest = 'recent recommendations were lower than current one, applying the lowest recent recommendation';
const highest = 'recent recommendations were higher than current one, applying the highest recent recommendation';
const matches = 'recommended size matches current size';

function settled(replicas: number, wanted: number, held: Omit<Reasoned, 'replicas'>): Reasoned {
  return { replicas, ...(replicas === wanted ? { reason: 'ReadyForNewScale', message: matches } : held) };
}

/** Without behavior: the highest recommendation of the last `window` milliseconds. */
export function stabilize({ recommendations }: History, wanted: number, now: number, window: number): Reasoned {
  const recent = recommendations.filter(({ at }) => at >= now - window).map(({ replicas }) => replicas);
  return settled(Math.max(wanted, ...recent), wanted, { reason: 'ScaleDownStabilized', message: highest });
}

/** With behavior: as near to the present number as the lowest recommendation of one window and the highest of the other allow. */
export function stabilizeBy(
  { recommendations }: History,
  { wanted, current, now, windows }: { wanted: number; current: number; now: number; windows: { up: number; down: number } },
): Reasoned {
  const since = (window: number): number[] => recommendations.filter(({ at }) => at > now - window).map(({ replicas }) => replicas);
  const floor = Math.min(wanted, ...since(windows.up));
  const ceiling = Math.max(wanted, ...since(windows.down));
  const held = wanted >= current ? { reason: 'ScaleUpStabilized', message: lowest } : { reason: 'ScaleDownStabilized', message: highest };
  return settled(Math.min(Math.max(current, floor), ceiling), wanted, held);
}

const inRange = { reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range' };
const tooMany = { reason: 'TooManyReplicas', message: 'the desired replica count is more than the maximum replica count' };
const tooFew = { reason: 'TooFewReplicas', message: 'the desired replica count is less than the minimum replica count' };
const tooFast = { reason: 'ScaleUpLimit', message: 'the desired replica count is increasing faster than the maximum scale rate' };
const tooFastDown = { reason: 'ScaleDownLimit', message: 'the desired replica count is decreasing faster than the maximum scale rate' };

/** Without behavior: within bounds, and at most doubled, or to 4. */
export function limit(wanted: number, { current, least, most }: Bounds): Reasoned {
  const rate = Math.max(2 * current, 4);
  if (wanted < least) return { replicas: least, ...tooFew };
  if (wanted <= Math.min(most, rate)) return { replicas: wanted, ...inRange };
  return most > rate ? { replicas: rate, ...tooFast } : { replicas: most, ...tooMany };
}

/** With behavior: within bounds, and no faster than its policies allow. */
export function limitBy(
  wanted: number,
  { current, least, most }: Bounds,
  history: History,
  rules: { readonly up: HPAScalingRules; readonly down: HPAScalingRules; readonly now: number },
): Reasoned {
  if (wanted > current) {
    const rate = Math.max(current, upLimit(current, history, rules.up, rules.now));
    if (wanted > Math.min(most, rate)) return most > rate ? { replicas: rate, ...tooFast } : { replicas: most, ...tooMany };
  } else if (wanted < current) {
    const rate = Math.min(current, downLimit(current, history, rules.down, rules.now));
    if (wanted < Math.max(least, rate)) return least < rate ? { replicas: rate, ...tooFastDown } : { replicas: least, ...tooFew };
  }
  return { replicas: wanted, ...inRange };
}

function upLimit(current: number, history: History, { selectPolicy, policies = [] }: HPAScalingRules, now: number): number {
  if (selectPolicy === 'Disabled') return current;
  const limits = policies.map((policy) => {
    const start = periodStart(current, history, policy, now);
    // Rounded up: a change too small to count would keep the target from ever growing.
    return policy.type === 'Pods' ? start + policy.value : Math.ceil(start * (1 + policy.value / 100));
  });
  return selectPolicy === 'Min' ? Math.min(...limits) : Math.max(...limits);
}

function downLimit(current: number, history: History, { selectPolicy, policies = [] }: HPAScalingRules, now: number): number {
  if (selectPolicy === 'Disabled') return current;
  const limits = policies.map((policy) => {
    const start = periodStart(current, history, policy, now);
    return policy.type === 'Pods' ? start - policy.value : Math.trunc(start * (1 - policy.value / 100));
  });
  return selectPolicy === 'Min' ? Math.max(...limits) : Math.min(...limits);
}

/** What there was when the policy's period began. */
function periodStart(current: number, { ups, downs }: History, { periodSeconds }: HPAScalingPolicy, now: number): number {
  const changed = (events: readonly ScaleEvent[]): number =>
    events.filter(({ at }) => at > now - periodSeconds * 1000).reduce((sum, { by }) => sum + by, 0);
  return current - changed(ups) + changed(downs);
}
