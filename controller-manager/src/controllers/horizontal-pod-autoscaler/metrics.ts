import { errorMessage } from '@keelson/base';
import { formatQuantity, parseQuantity, quantityMilliValue } from '@keelson/machinery';
import type { MetricSpec, MetricStatus, MetricTarget } from '@keelson/types';
import {
  type Counted,
  type Measured,
  type PodMetrics,
  type Proposal,
  replicasForAverage,
  replicasForUtilization,
  samplesOf,
} from './replicas.ts';

/** What metrics.k8s.io answered: who used what, or why it is not known. */
export type Usage =
  | { readonly type: 'known'; readonly metrics: readonly PodMetrics[] }
  | { readonly type: 'unknown'; readonly message: string };

/** What one metric says of the number of replicas. */
export type Verdict =
  | { readonly type: 'proposed'; readonly replicas: number; readonly name: string; readonly status: MetricStatus }
  /** `message` tells the user, `error` adds which metric it was. */
  | { readonly type: 'failed'; readonly reason: string; readonly message: string; readonly error: string };

/** Pods and present size; `samples` are made per metric. */
export type Target = Omit<Counted, 'samples'>;

/** Judges one metric. Those of other APIs than metrics.k8s.io are not available. */
export function judge(spec: MetricSpec, target: Target, usage: Usage): Verdict {
  if (spec.type === 'Resource' && spec.resource) {
    const { name } = spec.resource;
    return resourceVerdict(spec.resource.target, { resource: name, container: undefined }, target, usage);
  }
  if (spec.type === 'ContainerResource' && spec.containerResource) {
    const { name, container } = spec.containerResource;
    return resourceVerdict(spec.containerResource.target, { resource: name, container }, target, usage);
  }
  if (spec.type === 'Object' || spec.type === 'Pods' || spec.type === 'External') return unavailable(spec);
  return failed('InvalidMetricSourceType', `unknown metric source type ${JSON.stringify(spec.type)}`);
}

function unavailable({ type, object, pods, external }: MetricSpec): Verdict {
  const name = (object ?? pods ?? external)?.metric.name ?? '';
  const [api, metric, value] =
    type === 'External' ? ['external', 'external metric', `${name} external`] : ['custom', 'metric', type.toLowerCase()];
  const none = `no ${api} metrics API (${api}.metrics.k8s.io) registered`;
  const why = `unable to get ${metric} ${name}: unable to fetch metrics from ${api} metrics API: ${none}`;
  return failed(`FailedGet${type}Metric`, why, `failed to get ${value} metric value: ${why}`);
}

function resourceVerdict(wanted: MetricTarget, measured: Measured, target: Target, usage: Usage): Verdict {
  const { resource, container } = measured;
  const ofContainer = container !== undefined;
  const type = ofContainer ? 'ContainerResource' : 'Resource';
  try {
    const { averageUtilization, average, replicas, name } = propose(wanted, measured, target, usage);
    const averageValue = formatQuantity({ nanos: BigInt(average) * 1_000_000n, format: 'DecimalSI' });
    const current = { averageValue, ...(averageUtilization === undefined ? {} : { averageUtilization }) };
    const status: MetricStatus = ofContainer
      ? { type, containerResource: { name: resource, container, current } }
      : { type, resource: { name: resource, current } };
    return { type: 'proposed', replicas, name, status };
  } catch (error) {
    const message = errorMessage(error);
    const of = ofContainer ? 'container' : 'resource';
    return failed(`FailedGet${type}Metric`, message, `failed to get ${resource} ${of} metric value: ${message}`);
  }
}

interface Named {
  readonly replicas: number;
  readonly average: number;
  readonly averageUtilization: number | undefined;
  /** As the reason of a rescale names the metric. */
  readonly name: string;
}

/** @throws Error that says what is not known. */
function propose({ averageValue, averageUtilization }: MetricTarget, measured: Measured, target: Target, usage: Usage): Named {
  const { resource, container } = measured;
  if (averageValue === undefined && averageUtilization === undefined)
    throw new Error('invalid resource metric source: neither an average utilization target nor an average value (usage) target was set');
  try {
    const counted = { ...target, samples: known(usage, measured) };
    const proposal: Proposal =
      averageValue === undefined
        ? replicasForUtilization(counted, measured, averageUtilization ?? 0)
        : replicasForAverage(counted, measured, quantityMilliValue(parseQuantity(averageValue)));
    const of = container === undefined ? 'resource' : 'container resource';
    const name = averageValue === undefined ? `${resource} ${of} utilization (percentage of request)` : `${resource} resource`;
    return { ...proposal, averageUtilization: proposal.utilization, name };
  } catch (error) {
    const what = averageValue === undefined ? 'utilization' : 'usage';
    throw new Error(`failed to get ${resource} ${what}: ${errorMessage(error)}`);
  }
}

/** @throws Error in the words of the metrics client. */
function known(usage: Usage, measured: Measured): ReturnType<typeof samplesOf> {
  const refuse = (why: string): never => {
    throw new Error(`unable to get metrics for resource ${measured.resource}: ${why}`);
  };
  if (usage.type === 'unknown') return refuse(`unable to fetch metrics from resource metrics API: ${usage.message}`);
  if (usage.metrics.length === 0) return refuse('no metrics returned from resource metrics API');
  try {
    return samplesOf(usage.metrics, measured);
  } catch (error) {
    return refuse(errorMessage(error));
  }
}

function failed(reason: string, message: string, error = message): Verdict {
  return { type: 'failed', reason, message, error };
}
