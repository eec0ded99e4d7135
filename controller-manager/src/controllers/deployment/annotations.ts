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

/** 0 for none. */
export function revisionOf({ metadata }: ReplicaSet | Deployment): number {
  return numberIn(metadata.annotations, revisionAnnotation) ?? 0;
}

export function numberIn(annotations: Readonly<Record<string, string>> | undefined, name: string): number | undefined {
  const text = annotations?.[name];
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/** The annotations of a Deployment's newest ReplicaSet. A ReplicaSet that becomes the newest again remembers its former revision. */
export function newestAnnotations(
  deployment: Deployment,
  before: Readonly<Record<string, string>>,
  revision: number,
): Record<string, string> {
  const taken = Object.entries(deployment.metadata.annotations ?? {}).filter(([name]) => !own.has(name));
  const annotations = { ...before, ...Object.fromEntries(taken) };
  const former = numberIn(before, revisionAnnotation);
  if (former !== undefined && former >= revision) return annotations;
  annotations[revisionAnnotation] = String(revision);
  if (former !== undefined) annotations[historyAnnotation] = joinHistory(before[historyAnnotation], former);
  return annotations;
}

/** Drops the oldest revisions when the text grows too long. */
function joinHistory(history: string | undefined, revision: number): string {
  let joined = history ? `${history},${revision}` : String(revision);
  while (joined.length > historyLimit && joined.includes(',')) joined = joined.slice(joined.indexOf(',') + 1);
  return joined;
}

/** What a ReplicaSet remembers of its Deployment's size, by which a later resize is shared out. */
export function sizeAnnotations(deployment: Deployment): Record<string, string> {
  const wanted = wantedOf(deployment);
  return { [desiredAnnotation]: String(wanted), [maxAnnotation]: String(wanted + maxSurge(deployment)) };
}
