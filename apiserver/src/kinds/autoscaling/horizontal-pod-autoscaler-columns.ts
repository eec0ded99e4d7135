import type { HorizontalPodAutoscaler, MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import type { Column } from '../types.ts';

/** Metrics shown before `+ n more...`. */
const shown = 2;
const unknown = '<unknown>';

export const horizontalPodAutoscalerColumns: readonly Column<HorizontalPodAutoscaler>[] = [
  nameColumn,
  { name: 'Reference', type: 'string', cell: ({ spec: { scaleTargetRef } }) => `${scaleTargetRef.kind}/${scaleTargetRef.name}` },
  { name: 'Targets', type: 'string', cell: ({ spec, status }) => targetsText(spec.metrics ?? [], status?.currentMetrics ?? []) },
  { name: 'MinPods', type: 'string', cell: ({ spec }) => String(spec.minReplicas ?? '<unset>') },
  { name: 'MaxPods', type: 'string', cell: ({ spec }) => spec.maxReplicas },
  { name: 'Replicas', type: 'string', cell: ({ status }) => status?.currentReplicas ?? 0 },
  ageColumn,
];

/** `cpu: 12%/80%, 3/5 (avg)`: present values of wanted ones. */
function targetsText(specs: readonly MetricSpec[], statuses: readonly MetricStatus[]): string {
  if (specs.length === 0) return '<none>';
  const texts = specs.slice(0, shown).map((spec, index) => metricText(spec, statuses[index]));
  const rest = specs.length - shown;
  return rest > 0 ? `${texts.join(', ')} + ${rest} more...` : texts.join(', ');
}

function metricText(spec: MetricSpec, status: MetricStatus | undefined): string {
  if (spec.external) return amountText(spec.external.target, status?.external?.current);
  if (spec.object) return amountText(spec.object.target, status?.object?.current);
  if (spec.pods) return `${status?.pods?.current.averageValue ?? unknown}/${spec.pods.target.averageValue}`;
  if (spec.resource) return `${spec.resource.name}: ${shareText(spec.resource.target, status?.resource?.current)}`;
  if (!spec.containerResource) return '<unknown type>';
  return `${spec.containerResource.name}: ${shareText(spec.containerResource.target, status?.containerResource?.current)}`;
}

function amountText({ value, averageValue }: MetricTarget, current: MetricValueStatus | undefined): string {
  if (averageValue !== undefined) return `${current?.averageValue ?? unknown}/${averageValue} (avg)`;
  return `${current?.value ?? unknown}/${value}`;
}

function shareText({ averageValue, averageUtilization }: MetricTarget, current: MetricValueStatus | undefined): string {
  if (averageValue !== undefined) return `${current?.averageValue ?? unknown}/${averageValue}`;
  const share = current?.averageUtilization;
  const target = averageUtilization === undefined ? '<auto>' : `${averageUtilization}%`;
  return `${share === undefined ? unknown : `${share}%`}/${target}`;
}
