import type { Node, NodeSelectorTerm } from '@keelson/types';
import type { PodInfo } from '../cache/pod-info.ts';
import { scaleUp } from './normalize.ts';
import { eachOpen, type Plugin } from './types.ts';

const name = 'NodeAffinity';

type Requirement = NonNullable<NodeSelectorTerm['matchExpressions']>[number];

/** nodeSelector and node affinity. */
export const nodeAffinity: Plugin = {
  name,
  scope: 'row',
  weight: 2,
  requeueOn: ['NodeAdd', 'NodeLabel'],
  filter({ info, table, reasons }) {
    const matches = requiredNodes(info);
    if (!matches) return undefined;
    const named = namedNodes(info);
    const elsewhere = reasons.code(name, false, `node(s) didn't satisfy plugin(s) [${name}]`);
    const code = reasons.code(name, false, "node(s) didn't match Pod's node affinity/selector");
    return eachOpen((row) => {
      const node = table.nodes[row];
      if (!node || (named && !named.has(node.metadata.name ?? ''))) return elsewhere;
      return matches(node) ? 0 : code;
    });
  },
  score({ info, table }) {
    const preferred = info.pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    if (preferred.length === 0) return undefined;
    return {
      score(rows, scores) {
        for (const row of rows) {
          const node = table.nodes[row];
          scores[row] = node ? preferred.reduce((sum, { weight, preference }) => sum + (termHolds(preference, node) ? weight : 0), 0) : 0;
        }
      },
      normalize: scaleUp,
    };
  },
};

/** Whether a node is one the pod demands; undefined when it demands nothing. */
export function requiredNodes({ pod }: PodInfo): ((node: Node) => boolean) | undefined {
  const selector = Object.entries(pod.spec?.nodeSelector ?? {});
  const terms = requiredTerms(pod);
  if (selector.length === 0 && !terms) return undefined;
  return (node) => {
    const labels = node.metadata.labels ?? {};
    return selector.every(([key, value]) => labels[key] === value) && (!terms || terms.some((term) => termHolds(term, node)));
  };
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

/** All conditions of a term hold; a term without any matches nothing. */
function termHolds(term: NodeSelectorTerm, node: Node): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length + fields.length === 0) return false;
  const labels = node.metadata.labels ?? {};
  const known: Readonly<Record<string, string>> = { 'metadata.name': node.metadata.name ?? '' };
  return expressions.every((one) => holds(one, labels[one.key])) && fields.every((one) => holds(one, known[one.key]));
}

function holds({ operator, values = [] }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return wholeNumber(value) > wholeNumber(values[0]);
    case 'Lt':
      return wholeNumber(value) < wholeNumber(values[0]);
    default:
      return false;
  }
}

/** Not a number when the text is no whole number, so that every comparison fails. */
function wholeNumber(text: string | undefined): number {
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
}
