import { tolerates } from '@keelson/machinery';
import { eachOpen, type Plugin } from './types.ts';

const name = 'NodeUnschedulable';
const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const;

/** Cordoned nodes take only pods that tolerate it. */
export const nodeUnschedulable: Plugin = {
  name,
  scope: 'row',
  requeueOn: ['NodeAdd', 'NodeTaint'],
  filter({ info, table, reasons }) {
    if (tolerates(info.pod.spec?.tolerations ?? [], taint)) return undefined;
    const code = reasons.code(name, false, 'node(s) were unschedulable');
    return eachOpen((row) => (table.unschedulable.values[row] ? code : 0));
  },
};
