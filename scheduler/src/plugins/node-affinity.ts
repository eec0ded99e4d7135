import { nodeSuits, nodeTermHolds } from '@keelson/machinery';
import type { Node, NodeSelectorTerm } from '@keelson/types';
import type { PodInfo } from '../cache/pod-info.ts';
import type { NodeAffinityArgs } from '../config/plugin-args.ts';
import { scaleUp } from './normalize.ts';
import { eachOpen, type NodeEvent, type Plugin, type Question, type RowFilter } from './types.ts';

const name = 'NodeAffinity';

/** nodeSelector and node affinity, the pod's and what is added to every pod's. */
export function nodeAffinity({ addedAffinity }: NodeAffinityArgs): Plugin {
  const enforced = addedAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const wished = addedAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  /** The node is one for the pod now, and was not before. */
  const suits = (info: PodInfo, { node, before }: NodeEvent<string>): boolean => {
    const matches = requiredNodes(info) ?? (() => true);
    const fits = (one: Node): boolean => matches(one) && (!enforced || enforced.some((term) => nodeTermHolds(term, one)));
    return fits(node) && (!before || !fits(before));
  };
  return {
    name,
    scope: 'row',
    weight: 2,
    requeueOn: { NodeAdd: suits, NodeLabel: suits },
    filter: (question) => filterBy(question, enforced),
    score({ info, table }) {
      const own = info.pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
      const preferred = [...wished, ...own];
      if (preferred.length === 0) return undefined;
      return {
        score(rows, scores) {
          for (const row of rows) {
            const node = table.nodes[row];
            scores[row] = node
              ? preferred.reduce((sum, { weight, preference }) => sum + (nodeTermHolds(preference, node) ? weight : 0), 0)
              : 0;
          }
        },
        normalize: scaleUp,
      };
    },
  };
}

function filterBy({ info, table, reasons }: Question, enforced: readonly NodeSelectorTerm[] | undefined): RowFilter | undefined {
  const matches = requiredNodes(info);
  if (!matches && !enforced) return undefined;
  const named = namedNodes(info);
  const elsewhere = reasons.code(name, false, `node(s) didn't satisfy plugin(s) [${name}]`);
  const outside = reasons.code(name, false, "node(s) didn't match scheduler-enforced node affinity");
  const code = reasons.code(name, false, "node(s) didn't match Pod's node affinity/selector");
  return eachOpen((row) => {
    const node = table.nodes[row];
    if (!node || (named && !named.has(node.metadata.name ?? ''))) return elsewhere;
    if (enforced && !enforced.some((term) => nodeTermHolds(term, node))) return outside;
    return !matches || matches(node) ? 0 : code;
  });
}

/** Whether a node is one the pod demands; undefined when it demands nothing. */
export function requiredNodes({ pod }: PodInfo): ((node: Node) => boolean) | undefined {
  const { spec } = pod;
  if (!spec || (Object.keys(spec.nodeSelector ?? {}).length === 0 && !requiredTerms(pod))) return undefined;
  return (node) => nodeSuits(spec, node);
}

function requiredTerms(pod: PodInfo['pod']): readonly NodeSelectorTerm[] | undefined {
  return pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
}

/** Names of the only nodes in question, when every term names some: a DaemonSet's pods say so, and the other nodes need no look. */
export function namedNodes({ pod }: PodInfo): ReadonlySet<string> | undefined {
  const terms = requiredTerms(pod);
  if (!terms || terms.length === 0) return undefined;
  const names = new Set<string>();
  for (const term of terms) {
    const fields = (term.matchFields ?? []).filter(({ key, operator }) => key === 'metadata.name' && operator === 'In');
    if (fields.length === 0) return undefined;
    const [first, ...rest] = fields.map(({ values }) => new Set(values ?? []));
    for (const value of first ?? []) if (rest.every((more) => more.has(value))) names.add(value);
  }
  return names;
}
