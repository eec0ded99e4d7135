import type { Deployment, ReplicaSet } from '@keelson/types';
import { maxSurge, wantedOf } from './sizes.ts';

export const revisionAnnotation = 'deployment.kubernetes.io/revision';
export const historyAnnotation = 'deployment.kubernetes.io/revision-history';
export const desiredAnnotation = 'deployment.kubernetes.io/desired-replicas';
export const maxAnnotation = 'deployment.kubernetes.io/max-replicas';

/** Annotations of a Deployment that its ReplicaSets do not take over. */
const own: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  historyAnnotation,
  desiredAnnotation,
  maxAnnotation,
  'deprecated.deployment.rollback.to',
]);

const historyLimit = 2000;

/** 0 for none. Upstream counts in 64 bits, and its conformance suite does count past what a double holds. */
export function revisionOf({ metadata }: ReplicaSet | Deployment): bigint {
  return revisionIn(metadata.annotations) ?? 0n;
}

function revisionIn(annotations: Readonly<Record<string, string>> | undefined): bigint | undefined {
  const text = annotations?.[revisionAnnotation];
  return text !== undefined && isWhole(text) ? BigInt(text) : undefined;
}

const isWhole = (text: string): boolean => /^-?\d+$/.test(text);

export function numberIn(annotations: Readonly<Record<string, string>> | undefined, name: string): number | undefined {
  const text = annotations?.[name];
  return text !== undefined && isWhole(text) ? Number(text) : undefined;
}

/** The annotations of a Deployment's newest ReplicaSet. A ReplicaSet that becomes the newest again remembers its former revision. */
export function newestAnnotations(
  deployment: Deployment,
  before: Readonly<Record<string, string>>,
  revision: bigint,
): Record<string, string> {
  const taken = Object.entries(deployment.metadata.annotations ?? {}).filter(([name]) => !own.has(name));
  const annotations = { ...before, ...Object.fromEntries(taken) };
  const former = revisionIn(before);
  if (former !== undefined && former >= revision) return annotations;
  annotations[revisionAnnotation] = String(revision);
  if (former !== undefined) annotations[historyAnnotation] = joinHistory(before[historyAnnotation], former);
  return annotations;
}

/** Drops the oldest revisions when the text grows too long. */
function joinHistory(history: string | undefined, revision: bigint): string {
  let joined = history ? `${history},${revision}` : String(revision);
  while (joined.length > historyLimit && joined.includes(',')) joined = joined.slice(joined.indexOf(',') + 1);
  return joined;
}

/** What a ReplicaSet remembers of its Deployment's size, by which a later resize is shared out. */
export function sizeAnnotations(deployment: Deployment): Record<string, string> {
  const wanted = wantedOf(deployment);
  return { [desiredAnnotation]: String(wanted), [maxAnnotation]: String(wanted + maxSurge(deployment)) };
}
