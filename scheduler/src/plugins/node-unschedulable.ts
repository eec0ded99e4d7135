import { tolerates } from '@keelson/machinery';
import type { PodInfo } from '../cache/pod-info.ts';
import { eachOpen, type NodeEvent, type Plugin } from './types.ts';

const name = 'NodeUnschedulable';
const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const;

/** Cordoned nodes take only pods that tolerate it. */
export const nodeUnschedulable: Plugin = {
  name,
  scope: 'row',
  requeueOn: { NodeAdd: opens, NodeTaint: opens, OwnToleration: ({ pod }) => tolerates(pod.spec?.tolerations ?? [], taint) },
  filter({ info, table, reasons }) {
    if (tolerates(info.pod.spec?.tolerations ?? [], taint)) return undefined;
    const code = reasons.code(name, false, 'node(s) were unschedulable');
    return eachOpen((row) => (table.unschedulable.values[row] ? code : 0));
  },
};

function opens({ pod }: PodInfo, { node, before }: NodeEvent<string>): boolean {
  if (tolerates(pod.spec?.tolerations ?? [], taint)) return true;
  return !node.spec?.unschedulable && (!before || before.spec?.unschedulable === true);
}
