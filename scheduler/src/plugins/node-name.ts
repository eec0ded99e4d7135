import { always, eachOpen, type Plugin } from './types.ts';

const name = 'NodeName';

/** A pod that names its node goes nowhere else. */
export const nodeName: Plugin = {
  name,
  scope: 'row',
  requeueOn: { NodeAdd: always },
  filter({ info, table, reasons }) {
    const wanted = info.pod.spec?.nodeName;
    if (!wanted) return undefined;
    const code = reasons.code(name, false, "node(s) didn't match the requested node name");
    return eachOpen((row) => (table.nameOf(row) === wanted ? 0 : code));
  },
};
