import { rfc3339 } from '@keelson/base';
import { equal, parseQuantity, setCondition } from '@keelson/machinery';
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerCondition,
  HorizontalPodAutoscalerStatus,
  HPAScalingRules,
  MetricStatus,
  Pod,
} from '@keelson/types';
import { type History, limit, limitBy, type Reasoned, remember, stabilize, stabilizeBy } from './behavior.ts';
import { judge, type Usage, type Verdict } from './metrics.ts';
import type { Patience, Tolerance } from './replicas.ts';

/** What the flags say. Times in milliseconds. */
export interface AutoscalerConfig {
  readonly syncPeriod: number;
  readonly downscaleStabilization: number;
  readonly tolerance: number;
  readonly cpuInitializationPeriod: number;
  readonly initialReadinessDelay: number;
}

/** A condition as it should be. */
export type Verdicts = readonly Omit<HorizontalPodAutoscalerCondition, 'lastTransitionTime'>[];

export interface Notice {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

export interface Decision {
  /** What the target should have; undefined when that cannot be told. */
  readonly replicas: number | undefined;
  /** Why it should have another number than it has. */
  readonly why: string;
  readonly conditions: Verdicts;
  readonly notices: readonly Notice[];
  /** Present values in the order of the spec's metrics. */
  readonly currentMetrics: readonly MetricStatus[];
  readonly history: History;
}

export interface Seen {
  readonly autoscaler: HorizontalPodAutoscaler;
  /** What the target wants now. */
  readonly replicas: number;
  /** Of the target, in its string form, and the pods it selects. */
  readonly selector: string;
  readonly pods: readonly Pod[];
  /** Autoscalers, this one included, whose targets select any of the pods: `namespace/name`. */
  readonly rivals: readonly string[];
  readonly usage: Usage;
  readonly history: History;
  readonly now: number;
}

/** Whether metrics decide. Otherwise the bounds do, or nothing does. */
export function asksMetrics({ spec }: HorizontalPodAutoscaler, replicas: number): boolean {
  return replicas !== 0 && replicas <= spec.maxReplicas && replicas >= (spec.minReplicas ?? 1);
}

/** One look at an autoscaler whose target could be read. */
export function decide(seen: Seen, config: AutoscalerConfig): Decision {
  const { autoscaler, replicas, history } = seen;
  const { minReplicas = 1, maxReplicas } = autoscaler.spec;
  const plain = { notices: [], currentMetrics: [], history };
  if (replicas === 0 && minReplicas !== 0)
    return {
      ...{ ...plain, replicas: 0, why: '' },
      conditions: [inactive('ScalingDisabled', 'scaling is disabled since the replica count of the target is zero')],
    };
  if (replicas > maxReplicas)
    return { ...plain, replicas: maxReplicas, why: 'Current number of replicas above Spec.MaxReplicas', conditions: [] };
  if (replicas < minReplicas)
    return { ...plain, replicas: minReplicas, why: 'Current number of replicas below Spec.MinReplicas', conditions: [] };
  const problem = selectorProblem(seen);
  return problem ? { ...plain, replicas: undefined, why: '', ...problem } : decideByMetrics(seen, config);
}

function selectorProblem({ selector, rivals }: Seen): Pick<Decision, 'conditions' | 'notices'> | undefined {
  if (selector === '') return selectorFailure('SelectorRequired', 'selector is required', 'InvalidSelector', missingSelector);
  if (rivals.length < 2) return undefined;
  const message = `pods by selector ${selector} are controlled by multiple HPAs: [${rivals.join(' ')}]`;
  return selectorFailure('AmbiguousSelector', message, 'AmbiguousSelector', message);
}

const missingSelector = "the HPA target's scale is missing a selector";

function selectorFailure(event: string, error: string, reason: string, message: string): Pick<Decision, 'conditions' | 'notices'> {
  return { conditions: [inactive(reason, message)], notices: [warning(event, error), warning('FailedComputeMetricsReplicas', error)] };
}

function decideByMetrics(seen: Seen, config: AutoscalerConfig): Decision {
  const { autoscaler, usage, replicas } = seen;
  const metrics = autoscaler.spec.metrics ?? [];
  const target = { ...seen, tolerance: toleranceOf(autoscaler, config), patience: patienceOf(config) };
  const verdicts = metrics.map((metric) => judge(metric, target, usage));
  const currentMetrics = verdicts.map((verdict) => (verdict.type === 'proposed' ? verdict.status : { type: '' }));
  const failures = verdicts.filter((verdict) => verdict.type === 'failed');
  const notices = failures.map(({ reason, message }) => warning(reason, message));
  const best = highest(verdicts);
  const [first] = failures;
  // Some metrics are enough to grow, or to stay; only all of them together allow to shrink.
  if (!best || (first && best.replicas < replicas)) {
    const error = `invalid metrics (${failures.length} invalid out of ${metrics.length}), first error is: ${first?.error ?? ''}`;
    const condition = inactive(first?.reason ?? '', `the HPA was unable to compute the replica count: ${first?.message ?? ''}`);
    const told = [...notices, warning('FailedComputeMetricsReplicas', error)];
    return { replicas: undefined, why: '', conditions: [condition], notices: told, currentMetrics, history: seen.history };
  }
  const found = `the HPA was able to successfully calculate a replica count from ${best.name}`;
  const active = { type: 'ScalingActive', status: 'True', reason: 'ValidMetricFound', message: found };
  const { conditions, ...settled } = settle(best.replicas, seen, config);
  const why = best.replicas > replicas ? `${best.name} above target` : best.replicas < replicas ? 'All metrics below target' : '';
  return { ...settled, why, conditions: [active, ...conditions], notices, currentMetrics };
}

type Proposed = Extract<Verdict, { type: 'proposed' }>;

/** The first of those that ask for most. */
function highest(verdicts: readonly Verdict[]): Proposed | undefined {
  const proposed = verdicts.filter((verdict) => verdict.type === 'proposed');
  return proposed.reduce<Proposed | undefined>((best, one) => (best && best.replicas >= one.replicas ? best : one), undefined);
}

/** Brings what the metrics want in line with what was wanted lately, with the bounds and with the rates of change. */
function settle(
  wanted: number,
  { autoscaler, replicas: current, history, now }: Seen,
  config: AutoscalerConfig,
): Pick<Decision, 'replicas' | 'conditions' | 'history'> {
  const { behavior, minReplicas: least = 1, maxReplicas: most } = autoscaler.spec;
  const bounds = { current, least, most };
  const window = config.downscaleStabilization;
  let [stable, limited]: [Reasoned?, Reasoned?] = [];
  if (behavior) {
    const { scaleUp: up = growFast, scaleDown: down = shrinkFast } = behavior;
    const windows = { up: windowOf(up, 0), down: windowOf(down, window) };
    stable = stabilizeBy(history, { wanted, current, now, windows });
    limited = limitBy(stable.replicas, bounds, history, { up, down, now });
  } else {
    stable = stabilize(history, wanted, now, window);
    limited = limit(stable.replicas, bounds);
  }
  const { reason, message, replicas } = limited;
  return {
    replicas,
    conditions: [
      { type: 'AbleToScale', status: 'True', reason: stable.reason, message: stable.message },
      { type: 'ScalingLimited', status: replicas === stable.replicas ? 'False' : 'True', reason, message },
    ],
    history: remember(history, wanted, now, window),
  };
}

/** What the API server fills in for the direction that a behavior leaves out. */
const everything = { type: 'Percent', value: 100, periodSeconds: 15 };
const growFast: HPAScalingRules = { policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }, everything] };
const shrinkFast: HPAScalingRules = { policies: [everything] };

function windowOf({ stabilizationWindowSeconds: seconds }: HPAScalingRules, otherwise: number): number {
  return seconds === undefined ? otherwise : seconds * 1000;
}

function toleranceOf({ spec }: HorizontalPodAutoscaler, { tolerance }: AutoscalerConfig): Tolerance {
  const of = (rules: HPAScalingRules | undefined): number =>
    rules?.tolerance === undefined ? tolerance : Number(parseQuantity(rules.tolerance).nanos) / 1e9;
  return { up: of(spec.behavior?.scaleUp), down: of(spec.behavior?.scaleDown) };
}

function patienceOf({ cpuInitializationPeriod, initialReadinessDelay }: AutoscalerConfig): Patience {
  return { cpuInitialization: cpuInitializationPeriod, initialReadiness: initialReadinessDelay };
}

function inactive(reason: string, message: string): Verdicts[number] {
  return { type: 'ScalingActive', status: 'False', reason, message };
}

export function warning(reason: string, message: string): Notice {
  return { type: 'Warning', reason, message };
}

/** What a look found out, for the status. */
export interface Outlook {
  readonly current: number;
  readonly desired: number;
  readonly currentMetrics: readonly MetricStatus[];
  readonly conditions: Verdicts;
  readonly rescaled: boolean;
}

/** The status that tells it. Conditions of which nothing was found out stay. */
export function statusOf({ status }: HorizontalPodAutoscaler, outlook: Outlook, now: number): HorizontalPodAutoscalerStatus {
  const { current, desired, currentMetrics, rescaled } = outlook;
  const time = rfc3339(now);
  const conditions = withConditions(status?.conditions, outlook.conditions, time);
  const lastScaleTime = rescaled ? time : status?.lastScaleTime;
  return {
    ...(lastScaleTime ? { lastScaleTime } : {}),
    currentReplicas: current,
    desiredReplicas: desired,
    currentMetrics: currentMetrics.length > 0 ? [...currentMetrics] : undefined,
    conditions: conditions.length > 0 ? conditions : undefined,
  };
}

function withConditions(
  before: HorizontalPodAutoscalerStatus['conditions'],
  wanted: Verdicts,
  time: string,
): HorizontalPodAutoscalerCondition[] {
  return wanted.reduce((conditions, one) => setCondition(conditions, one, time), before ?? []);
}

export function statusChanged({ status }: HorizontalPodAutoscaler, next: HorizontalPodAutoscalerStatus): boolean {
  const { currentReplicas = 0, ...rest } = status ?? { desiredReplicas: 0 };
  return !equal({ currentReplicas, ...rest }, next);
}
