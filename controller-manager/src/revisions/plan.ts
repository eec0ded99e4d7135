import { compareStrings, equal, newControllerRef, objectHash, stableJson } from '@keelson/machinery';
import type { ControllerRevision, Kind, ObjectMeta, PodTemplateSpec } from '@keelson/types';

/** The label of pods that says of which revision they are: for DaemonSets its hash, for StatefulSets its name. */
export const podRevisionLabel = 'controller-revision-hash';

/** An owner whose templates are kept as ControllerRevisions. */
export interface Revised {
  readonly metadata: ObjectMeta;
  readonly kind: Kind<unknown>;
  readonly template: PodTemplateSpec;
  /** The label under which its revisions carry their hash. */
  readonly hashLabel: string;
  readonly collisionCount: number | undefined;
}

/**
 * What a revision holds: a strategic merge patch that puts its template back. Keys are in order, as in the JSON of Go's maps: upstream's
 * clients tell by the bytes which revision is the present one.
 */
export function templatePatch(template: PodTemplateSpec): Record<string, unknown> {
  return JSON.parse(stableJson({ spec: { template: { ...template, $patch: 'replace' } } })) as Record<string, unknown>;
}

/** The template that a revision keeps. */
export function templateOf({ data }: ControllerRevision): PodTemplateSpec {
  const { spec } = (data ?? {}) as { spec?: { template?: PodTemplateSpec & { $patch?: string } } };
  const { $patch: _, ...template } = { spec: { containers: [] }, ...spec?.template };
  return template;
}

/** Names of owners are cut so that revisions' names stay names. */
const longestPrefix = 223;

/** A revision of the owner's present template. */
export function revisionFor({ metadata: owner, kind, template, hashLabel, collisionCount }: Revised, revision: number): ControllerRevision {
  const data = templatePatch(template);
  const hash = objectHash(data, collisionCount);
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: `${(owner.name ?? '').slice(0, longestPrefix)}-${hash}`,
      namespace: owner.namespace,
      labels: { ...template.metadata?.labels, [hashLabel]: hash },
      ...(owner.annotations ? { annotations: owner.annotations } : {}),
      ownerReferences: [newControllerRef(owner, kind)],
    },
    data,
    revision,
  };
}

/** Oldest first. */
export function byNumber(revisions: readonly ControllerRevision[]): ControllerRevision[] {
  const born = ({ metadata }: ControllerRevision): string => metadata.creationTimestamp ?? '';
  const name = ({ metadata }: ControllerRevision): string => metadata.name ?? '';
  return revisions.toSorted((a, b) => a.revision - b.revision || compareStrings(born(a), born(b)) || compareStrings(name(a), name(b)));
}

/** What is to be done so that the present template's revision is the newest. */
export type RevisionPlan =
  | { readonly type: 'there'; readonly revision: ControllerRevision }
  /** An older one has this template: it becomes the newest again. */
  | { readonly type: 'renumber'; readonly revision: ControllerRevision }
  | { readonly type: 'create'; readonly revision: ControllerRevision };

export function planRevision(owner: Revised, revisions: readonly ControllerRevision[]): RevisionPlan {
  const sorted = byNumber(revisions);
  const newest = sorted.at(-1)?.revision ?? 0;
  const wanted = revisionFor(owner, newest + 1);
  const same = sorted.findLast(({ data }) => equal(data, wanted.data));
  if (!same) return { type: 'create', revision: wanted };
  if (same.revision === newest) return { type: 'there', revision: same };
  return { type: 'renumber', revision: { ...same, revision: newest + 1 } };
}

/** The oldest of those that nobody uses, past the limit. */
export function expired(
  revisions: readonly ControllerRevision[],
  isLive: (revision: ControllerRevision) => boolean,
  limit: number,
): ControllerRevision[] {
  const unused = byNumber(revisions).filter((revision) => !isLive(revision));
  return unused.slice(0, Math.max(0, unused.length - limit));
}

/** Of which revision a pod is; empty when it does not say. */
export function podRevision({ metadata }: { readonly metadata: ObjectMeta }): string {
  return metadata.labels?.[podRevisionLabel] ?? '';
}
