import { parseGoDuration } from '@keelson/base';
import { getCondition, isSidecar, parseQuantity, parseTime, podPhase, quantityMilliValue } from '@keelson/machinery';
import type { Container, Pod } from '@keelson/types';

/** What one pod used, as metrics.k8s.io/v1beta1 tells. */
export interface PodMetrics {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  /** When the window ended. */
  readonly timestamp: string;
  /** A Go duration. */
  readonly window: string;
  readonly containers?: readonly { readonly name: string; readonly usage: Readonly<Record<string, string>> }[];
}

/** A resource of whole pods, or of one container in each. */
export interface Measured {
  readonly resource: string;
  /** Undefined: all containers. */
  readonly container: string | undefined;
}

/** Times in milliseconds. */
export interface Patience {
  /** After a pod's start, its CPU counts only once it is ready and a whole window has been measured since. */
  readonly cpuInitialization: number;
  /** A pod that became unready within this time after its start has never been ready. */
  readonly initialReadiness: number;
}

/** How far the ratio of use to target may be from 1 without anything being done. */
export interface Tolerance {
  readonly up: number;
  readonly down: number;
}

export interface Sample {
  /** Thousandths of the resource's unit. */
  readonly value: number;
  readonly at: number;
  readonly window: number;
}

export interface Counted {
  readonly pods: readonly Pod[];
  readonly samples: ReadonlyMap<string, Sample>;
  /** What the target has now. */
  readonly replicas: number;
  readonly tolerance: Tolerance;
  readonly patience: Patience;
  readonly now: number;
}

export interface Proposal {
  readonly replicas: number;
  /** Average of what pods use, in thousandths. */
  readonly average: number;
  /** In percent of what they request. */
  readonly utilization?: number;
}

/** Usage by pod; a pod without a whole measurement has none. @throws Error when a pod has no such container. */
export function samplesOf(metrics: readonly PodMetrics[], measured: Measured): Map<string, Sample> {
  const samples = new Map<string, Sample>();
  for (const one of metrics) {
    const value = usageOf(one, measured);
    if (value === undefined) continue;
    samples.set(one.metadata.name, { value, at: parseTime(one.timestamp) ?? 0, window: parseGoDuration(one.window) });
  }
  return samples;
}

function usageOf({ metadata, containers = [] }: PodMetrics, { resource, container }: Measured): number | undefined {
  const counted = container === undefined ? containers : containers.filter(({ name }) => name === container);
  if (counted.length === 0 && container !== undefined)
    throw new Error(
      `failed to get container metrics: container ${container} not present in metrics for pod ${metadata.namespace}/${metadata.name}`,
    );
  const amounts = counted.map(({ usage }) => usage[resource]).filter((amount) => amount !== undefined);
  if (counted.length === 0 || amounts.length < counted.length) return undefined;
  return amounts.reduce((sum, amount) => sum + milli(amount), 0);
}

function milli(amount: string): number {
  return quantityMilliValue(parseQuantity(amount));
}

/** Replicas that would use `target` percent of what they request. @throws Error when what is known does not tell. */
export function replicasForUtilization(counted: Counted, measured: Measured, target: number): Proposal {
  const groups = group(counted, measured.resource);
  const requests = requestsOf(counted.pods, measured);
  const present = utilizationOf(groups.samples, requests, target);
  const assumed = {
    // On the way down who is not measured uses all it asked for, or what it should where that is more.
    full: (pod: string) => Math.trunc(((requests.get(pod) ?? 0) * Math.max(100, target)) / 100),
    ratio: (samples: ReadonlyMap<string, Sample>) => utilizationOf(samples, requests, target).ratio,
  };
  return { ...propose(counted, groups, present.ratio, assumed), average: present.average, utilization: present.utilization };
}

/** Replicas of which each would use `target` thousandths. @throws Error when what is known does not tell. */
export function replicasForAverage(counted: Counted, measured: Measured, target: number): Proposal {
  const groups = group(counted, measured.resource);
  const ratio = (samples: ReadonlyMap<string, Sample>): number => averageOf(samples) / target;
  return { ...propose(counted, groups, ratio(groups.samples), { full: () => target, ratio }), average: averageOf(groups.samples) };
}

interface Groups {
  /** Of pods that count as they are. */
  readonly samples: ReadonlyMap<string, Sample>;
  readonly ready: number;
  readonly unready: readonly string[];
  readonly missing: readonly string[];
}

function group({ pods, samples, patience, now }: Counted, resource: string): Groups {
  if (pods.length === 0) throw new Error('no pods returned by selector while calculating replica count');
  const kept = new Map(samples);
  const unready: string[] = [];
  const missing: string[] = [];
  let ready = 0;
  for (const pod of pods) {
    const { name = '', deletionTimestamp } = pod.metadata;
    const phase = podPhase(pod);
    const sample = samples.get(name);
    const leaving = deletionTimestamp || phase === 'Failed';
    const early = phase === 'Pending' || (sample && resource === 'cpu' && isWarmingUp(pod, sample, patience, now));
    if (leaving || early) kept.delete(name);
    if (leaving) continue;
    if (early) unready.push(name);
    else if (sample) ready++;
    else missing.push(name);
  }
  if (kept.size === 0) throw new Error('did not receive metrics for targeted pods (pods might be unready)');
  return { samples: kept, ready, unready, missing };
}

/** Whether a pod's CPU says nothing yet about the work it does. */
function isWarmingUp({ status }: Pod, sample: Sample, patience: Patience, now: number): boolean {
  const condition = getCondition(status?.conditions, 'Ready');
  const started = parseTime(status?.startTime);
  if (!condition || started === undefined) return true;
  const since = parseTime(condition.lastTransitionTime) ?? 0;
  const notReady = condition.status === 'False';
  if (started + patience.cpuInitialization > now) return notReady || sample.at < since + sample.window;
  return notReady && started + patience.initialReadiness > since;
}

/** @throws Error when a container requests none of the resource. */
function requestsOf(pods: readonly Pod[], { resource, container }: Measured): Map<string, number> {
  return new Map(pods.map((pod) => [pod.metadata.name ?? '', requestOf(pod, resource, container)]));
}

function requestOf({ metadata, spec }: Pod, resource: string, container: string | undefined): number {
  const whole = container === undefined ? spec.resources?.requests?.[resource] : undefined;
  if (whole !== undefined) return milli(whole);
  const running: readonly Container[] = [...(spec.initContainers ?? []).filter(isSidecar), ...spec.containers];
  const counted = running.filter(({ name }) => container === undefined || name === container);
  return counted.reduce((sum, { name, resources }) => {
    const amount = resources?.requests?.[resource];
    if (amount === undefined) throw new Error(`missing request for ${resource} in container ${name} of Pod ${metadata.name}`);
    return sum + milli(amount);
  }, 0);
}

interface Utilization {
  readonly ratio: number;
  readonly utilization: number;
  readonly average: number;
}

function utilizationOf(samples: ReadonlyMap<string, Sample>, requests: ReadonlyMap<string, number>, target: number): Utilization {
  let [used, requested, count] = [0, 0, 0];
  for (const [pod, { value }] of samples) {
    const request = requests.get(pod);
    if (request === undefined) continue;
    used += value;
    requested += request;
    count++;
  }
  if (requested === 0) throw new Error('no metrics returned matched known pods');
  const utilization = Math.trunc((used * 100) / requested);
  return { ratio: utilization / target, utilization, average: Math.trunc(used / count) };
}

function averageOf(samples: ReadonlyMap<string, Sample>): number {
  let used = 0;
  for (const { value } of samples.values()) used += value;
  return Math.trunc(used / samples.size);
}

interface Assumed {
  /** What a pod that is not measured counts for on the way down. */
  full(pod: string): number;
  ratio(samples: ReadonlyMap<string, Sample>): number;
}

/**
 * Pods that are not measured, or not ready, count against the direction the others point to, and never turn it round: the less is
 * known, the smaller the step.
 */
function propose({ replicas, tolerance }: Counted, groups: Groups, ratio: number, assumed: Assumed): { replicas: number } {
  const within = (one: number): boolean => 1 - tolerance.down <= one && one <= 1 + tolerance.up;
  const unready = ratio > 1 ? groups.unready : [];
  if (unready.length === 0 && groups.missing.length === 0) return { replicas: within(ratio) ? replicas : Math.ceil(ratio * groups.ready) };
  const samples = new Map(groups.samples);
  for (const pod of groups.missing) if (ratio !== 1) samples.set(pod, standIn(ratio < 1 ? assumed.full(pod) : 0));
  for (const pod of unready) samples.set(pod, standIn(0));
  const next = assumed.ratio(samples);
  if (within(next) || (ratio < 1 && next > 1) || (ratio > 1 && next < 1)) return { replicas };
  const proposed = Math.ceil(next * samples.size);
  return { replicas: (next < 1 && proposed > replicas) || (next > 1 && proposed < replicas) ? replicas : proposed };
}

function standIn(value: number): Sample {
  return { value, at: 0, window: 0 };
}
