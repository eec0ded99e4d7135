import { canonicalQuantity } from '@keelson/machinery';
import type { HorizontalPodAutoscaler, HPAScalingRules, MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from '@keelson/types';
import { field, head, type Lines, tableLines, timeText } from './lines.ts';

export function autoscalerLines({ metadata, spec, status }: HorizontalPodAutoscaler): Lines {
  const { kind, name } = spec?.scaleTargetRef ?? {};
  const conditions = status?.conditions ?? [];
  return [
    ...head(metadata),
    field(0, 'CreationTimestamp', timeText(metadata.creationTimestamp)),
    field(0, 'Reference', `${kind}/${name}`),
    field(0, 'Metrics', '( current / target )'),
    ...(spec?.metrics ?? []).map((metric, index) => metricLine(metric, status?.currentMetrics?.[index])),
    field(0, 'Min replicas', spec?.minReplicas ?? '<unset>'),
    field(0, 'Max replicas', spec?.maxReplicas),
    ...(spec?.behavior
      ? ['Behavior:', ...rulesLines('Scale Up', spec.behavior.scaleUp), ...rulesLines('Scale Down', spec.behavior.scaleDown)]
      : []),
    field(0, `${kind} pods`, `${status?.currentReplicas ?? 0} current / ${status?.desiredReplicas ?? 0} desired`),
    ...(conditions.length === 0
      ? []
      : [
          'Conditions:',
          ...tableLines(
            1,
            ['Type', 'Status', 'Reason', 'Message'],
            conditions.map((condition) => [condition.type, condition.status, condition.reason, condition.message]),
          ),
        ]),
  ];
}

/** What is measured, what it is, and what it should be. */
function metricLine(metric: MetricSpec, measured: MetricStatus | undefined): string {
  const { resource, containerResource, pods, object, external } = metric;
  if (resource) return valueLine(`resource ${resource.name} on pods`, '  ', resource.target, measured?.resource?.current);
  if (containerResource) {
    const { name, container, target } = containerResource;
    // Two spaces, as upstream has them.
    return valueLine(`resource ${name} of container "${container}" on pods`, '  ', target, measured?.containerResource?.current);
  }
  if (pods) return field(1, `"${pods.metric.name}" on pods`, currentAndTarget('averageValue', pods.target, measured?.pods?.current));
  if (object) {
    const { kind, name } = object.describedObject;
    const byAverage = object.target.type === 'AverageValue';
    return aimedLine(`"${object.metric.name}" on ${kind}/${name}`, byAverage, object.target, measured?.object?.current);
  }
  // Upstream goes by what is given here, not by the type.
  if (external) {
    const { metric: named, target } = external;
    return aimedLine(`"${named.name}"`, target.averageValue !== undefined, target, measured?.external?.current);
  }
  return `  <unknown metric type ${JSON.stringify(metric.type)}>`;
}

function valueLine(label: string, gap: string, target: MetricTarget, current: MetricValueStatus | undefined): string {
  if (target.averageValue !== undefined) return field(1, label, currentAndTarget('averageValue', target, current));
  const used = current?.averageUtilization;
  const now = used === undefined ? '<unknown>' : `${used}% (${quantity(current?.averageValue)})`;
  const wanted = target.averageUtilization === undefined ? '<auto>' : `${target.averageUtilization}%`;
  return field(1, `${label}${gap}(as a percentage of request)`, `${now} / ${wanted}`);
}

function aimedLine(label: string, byAverage: boolean, target: MetricTarget, current: MetricValueStatus | undefined): string {
  return byAverage
    ? field(1, `${label} (target average value)`, currentAndTarget('averageValue', target, current))
    : field(1, `${label} (target value)`, currentAndTarget('value', target, current));
}

function currentAndTarget(which: 'value' | 'averageValue', target: MetricTarget, current: MetricValueStatus | undefined): string {
  return `${quantity(current?.[which])} / ${quantity(target[which])}`;
}

function quantity(value: string | undefined): string {
  return value === undefined ? '<unknown>' : canonicalQuantity(value);
}

function rulesLines(label: string, rules: HPAScalingRules | undefined): Lines {
  if (!rules) return [];
  const { stabilizationWindowSeconds: window, selectPolicy, policies = [] } = rules;
  return [
    `  ${label}:`,
    ...(window === undefined ? [] : [`    Stabilization Window: ${window} seconds`]),
    ...(policies.length === 0
      ? []
      : [
          `    Select Policy: ${selectPolicy ?? 'Max'}`,
          '    Policies:',
          ...policies.map(({ type, value, periodSeconds }) => `      - Type: ${type}\tValue: ${value}\tPeriod: ${periodSeconds} seconds`),
        ]),
  ];
}
