import { LimitRange, type Namespace, ResourceQuota } from '@keelson/types';
import type { Cluster } from '../cluster.ts';
import { limitRangesLines, quotasLines } from './limits.ts';
import { field, head, type Lines, tableLines, timeOrZero } from './lines.ts';

export async function describeNamespace(cluster: Cluster, namespace: Namespace): Promise<Lines> {
  const lines = [
    ...head(namespace.metadata),
    field(0, 'Status', namespace.status?.phase),
    ...conditionLines(namespace.status?.conditions ?? []),
  ];
  const place = { namespace: namespace.metadata.name };
  const mapper = await cluster.mapper();
  // A server that has neither is described without them.
  if (mapper.find('resourcequotas') === undefined) return lines;
  const [quotas, ranges] = await Promise.all([cluster.api.list(ResourceQuota, place), cluster.api.list(LimitRange, place)]);
  return [...lines, ...quotasLines(quotas.items), ...limitRangesLines(ranges.items)];
}

function conditionLines(conditions: NonNullable<NonNullable<Namespace['status']>['conditions']>): Lines {
  if (conditions.length === 0) return [];
  const titles = ['Type', 'Status', 'LastTransitionTime', 'Reason', 'Message'];
  const rows = conditions.map((each) => [each.type, each.status, timeOrZero(each.lastTransitionTime), each.reason, each.message]);
  return ['Conditions:', ...tableLines(1, titles, rows)];
}
