import { type LabelSelectorMatcher, labelSelectorMatcher } from '@keelson/machinery';
import type { LabelSelector, Pod, PodAffinityTerm } from '@keelson/types';
import { podRequests, type Requests } from './resources.ts';

export interface HostPort {
  readonly protocol: string;
  readonly ip: string;
  readonly port: number;
}

/** A term of pod affinity or anti-affinity, ready to be matched. */
export interface Term {
  /** Same key, same term: what is counted once for all pods that state it. */
  readonly key: string;
  readonly topologyKey: string;
  readonly selector: LabelSelectorMatcher;
  readonly namespaces: ReadonlySet<string>;
  /** Namespaces by label besides those named; undefined when the term has none. */
  readonly namespaceSelector: LabelSelectorMatcher | undefined;
  /** Signed; 1 for required terms. */
  readonly weight: number;
}

export interface Terms {
  readonly affinity: readonly Term[];
  readonly antiAffinity: readonly Term[];
  /** Preferred affinity with positive weights, anti-affinity with negative ones. */
  readonly preferred: readonly Term[];
}

/** All of a pod that scheduling looks at, read once. */
export interface PodInfo {
  /** `namespace/name`. */
  readonly key: string;
  readonly pod: Pod;
  readonly uid: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly priority: number;
  readonly requests: Requests;
  readonly ports: readonly HostPort[];
  readonly images: readonly string[];
  readonly terms: Terms;
}

const noTerms: Terms = { affinity: [], antiAffinity: [], preferred: [] };

export function podInfo(pod: Pod): PodInfo {
  const spec = pod.spec;
  const namespace = pod.metadata.namespace ?? '';
  return {
    key: `${namespace}/${pod.metadata.name ?? ''}`,
    pod,
    uid: pod.metadata.uid ?? '',
    namespace,
    labels: pod.metadata.labels ?? {},
    priority: spec?.priority ?? 0,
    requests: podRequests(pod),
    ports: hostPorts(pod),
    images: imagesOf(pod),
    terms: spec?.affinity?.podAffinity || spec?.affinity?.podAntiAffinity ? termsOf(pod, namespace) : noTerms,
  };
}

/** Those of containers, and of volumes that are images. */
function imagesOf({ spec }: Pod): string[] {
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map(({ image }) => image ?? '');
  return [...containers, ...(spec?.volumes ?? []).flatMap(({ image }) => image?.reference ?? [])].map(withTag);
}

function hostPorts(pod: Pod): HostPort[] {
  const sidecars = (pod.spec?.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  return [...sidecars, ...(pod.spec?.containers ?? [])].flatMap((container) =>
    (container.ports ?? []).flatMap(({ hostPort, hostIP, protocol }) =>
      hostPort ? [{ protocol: protocol ?? 'TCP', ip: hostIP || '0.0.0.0', port: hostPort }] : [],
    ),
  );
}

/** Nodes list images with their tag; a name without one means `latest`. */
export function withTag(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image;
}

function termsOf(pod: Pod, namespace: string): Terms {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  const read = (term: PodAffinityTerm, weight: number): Term => readTerm(term, weight, namespace, pod.metadata.labels ?? {});
  return {
    affinity: (podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => read(term, 1)),
    antiAffinity: (podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => read(term, 1)),
    preferred: [
      ...(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm, weight }) =>
        read(podAffinityTerm, weight),
      ),
      ...(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm, weight }) =>
        read(podAffinityTerm, -weight),
      ),
    ],
  };
}

function readTerm(term: PodAffinityTerm, weight: number, namespace: string, labels: Readonly<Record<string, string>>): Term {
  const namespaces = term.namespaces ?? [];
  const own = namespaces.length === 0 && !term.namespaceSelector ? [namespace] : namespaces;
  const selector = withLabelKeys(term.labelSelector, labels, term.matchLabelKeys ?? [], term.mismatchLabelKeys ?? []);
  return {
    key: JSON.stringify([term.topologyKey, selector, own.toSorted(), term.namespaceSelector ?? null, weight]),
    topologyKey: term.topologyKey,
    selector: labelSelectorMatcher(selector),
    namespaces: new Set(own),
    namespaceSelector: term.namespaceSelector ? labelSelectorMatcher(term.namespaceSelector) : undefined,
    weight,
  };
}

/** The selector narrowed by the pod's own values of some labels, as `matchLabelKeys` asks. */
export function withLabelKeys(
  selector: LabelSelector | undefined,
  labels: Readonly<Record<string, string>>,
  match: readonly string[],
  mismatch: readonly string[] = [],
): LabelSelector | undefined {
  const narrow = (keys: readonly string[], operator: string) =>
    keys.flatMap((key) => (labels[key] === undefined ? [] : [{ key, operator, values: [labels[key]] }]));
  const more = [...narrow(match, 'In'), ...narrow(mismatch, 'NotIn')];
  if (!selector || more.length === 0) return selector;
  return { ...selector, matchExpressions: [...(selector.matchExpressions ?? []), ...more] } as LabelSelector;
}

export function termMatches(term: Term, info: PodInfo, namespaceLabels: (name: string) => Readonly<Record<string, string>>): boolean {
  const there = term.namespaces.has(info.namespace) || (term.namespaceSelector?.matches(namespaceLabels(info.namespace)) ?? false);
  return there && term.selector.matches(info.labels);
}
