import { tolerates } from '@keelson/machinery';
import type { Node, Taint } from '@keelson/types';
import type { PodInfo } from '../cache/pod-info.ts';
import { scaleDown } from './normalize.ts';
import { always, eachOpen, type NodeEvent, type Plugin } from './types.ts';

const name = 'TaintToleration';

/** Judges each distinct list of taints once, however many nodes bear it. */
export const taintToleration: Plugin = {
  name,
  scope: 'row',
  weight: 3,
  requeueOn: { NodeAdd: welcomes, NodeTaint: welcomes, OwnToleration: always },
  filter({ info, table, reasons }) {
    const tolerations = info.pod.spec?.tolerations ?? [];
    const code = reasons.code(name, false, 'node(s) had untolerated taint(s)');
    const verdicts: number[] = [];
    const judge = (taints: readonly Taint[]): number => (isKeptOff(tolerations, taints) ? code : 0);
    return eachOpen((row) => {
      const set = table.taints.values[row] ?? 0;
      verdicts[set] ??= judge(table.taintSets[set] ?? []);
      return verdicts[set];
    });
  },
  score({ info, table }) {
    const tolerations = (info.pod.spec?.tolerations ?? []).filter(({ effect }) => !effect || effect === 'PreferNoSchedule');
    const counts = table.taintSets.map(
      (taints) => taints.filter((taint) => taint.effect === 'PreferNoSchedule' && !tolerates(tolerations, taint)).length,
    );
    if (counts.every((count) => count === 0)) return undefined;
    return {
      score(rows, scores) {
        for (const row of rows) scores[row] = counts[table.taints.values[row] ?? 0] ?? 0;
      },
      normalize: scaleDown,
    };
  },
};

type Tolerations = Parameters<typeof tolerates>[0];

function isKeptOff(tolerations: Tolerations, taints: readonly Taint[]): boolean {
  return taints.some((taint) => taint.effect !== 'PreferNoSchedule' && !tolerates(tolerations, taint));
}

/** The node takes the pod now, and did not before. */
function welcomes({ pod }: PodInfo, { node, before }: NodeEvent<string>): boolean {
  const kept = ({ spec }: Node): boolean => isKeptOff(pod.spec?.tolerations ?? [], spec?.taints ?? []);
  return !kept(node) && (!before || kept(before));
}
