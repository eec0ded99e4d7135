import type { PodInfo, Term } from '../cache/pod-info.ts';
import { termMatches } from '../cache/pod-info.ts';
import type { Hints, NodeEvent } from './types.ts';

/** All terms hold for a pod; of no terms none does. Which labels namespaces have is not known here: they may be what it takes. */
function concerns(terms: readonly Term[], other: PodInfo): boolean {
  const here = (term: Term): boolean => term.namespaceSelector !== undefined && term.selector.matches(other.labels);
  return terms.length > 0 && terms.every((term) => here(term) || termMatches(term, other, () => ({})));
}

/** Affinity gains by a domain that is new or another, anti-affinity by one that is gone too. Pods without terms were refused for those of others. */
function movesDomain({ terms }: PodInfo, { node, before }: NodeEvent<string>): boolean {
  if (terms.affinity.length + terms.antiAffinity.length === 0) return true;
  const changes = ({ topologyKey }: Term): boolean =>
    !before || node.metadata.labels?.[topologyKey] !== before.metadata.labels?.[topologyKey];
  const bears = ({ topologyKey }: Term): boolean => node.metadata.labels?.[topologyKey] !== undefined;
  return terms.affinity.some((term) => changes(term) && bears(term)) || terms.antiAffinity.some(changes);
}

/** What may let a pod that InterPodAffinity refused fit. */
export const affinityHints: Hints = {
  NodeAdd: movesDomain,
  NodeLabel: movesDomain,
  OwnLabel: () => true,
  AssignedPodAdd: ({ terms }, { pod }) => concerns(terms.affinity, pod),
  AssignedPodDelete: (info, { pod }) =>
    concerns(info.terms.antiAffinity, pod) || pod.terms.antiAffinity.some((term) => concerns([term], info)),
  AssignedPodLabel({ terms }, { pod, before }) {
    if (!before) return true;
    const comes = concerns(terms.affinity, pod) && !concerns(terms.affinity, before);
    return comes || (concerns(terms.antiAffinity, before) && !concerns(terms.antiAffinity, pod));
  },
};
