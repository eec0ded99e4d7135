import { compareStrings, newControllerRef, objectHash, stableJson } from '@keelson/machinery';
import type { ControllerRevision, Kind, ObjectMeta, PodTemplateSpec } from '@keelson/types';

/** The label of pods and revisions that says of which template they are. */
export const revisionLabel = 'controller-revision-hash';

/** An owner whose templates are kept as ControllerRevisions. */
export interface Revised {
  readonly metadata: ObjectMeta;
  readonly template: PodTemplateSpec;
  readonly kind: Kind<unknown>;
  /** Labels revisions carry besides the hash: those of the selector. */
  readonly labels: Readonly<Record<string, string>>;
  readonly collisionCount: number | undefined;
}

/** What a revision holds: a patch that puts its template back. */
export function templatePatch(template: PodTemplateSpec): Record<string, unknown> {
  return { spec: { template: { ...template, $patch: 'replace' } } };
}

/** The revision a template would be: the number is one more than the highest there is. */
export function revisionFor(owner: Revised, revisions: readonly ControllerRevision[]): ControllerRevision {
  const data = templatePatch(owner.template);
  const hash = objectHash(data, owner.collisionCount);
  const { name, namespace, annotations } = owner.metadata;
  return {
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      labels: { ...owner.labels, [revisionLabel]: hash },
      ...(annotations ? { annotations } : {}),
      ownerReferences: [newControllerRef(owner.metadata, owner.kind)],
    },
    data,
    revision: nextNumber(revisions),
  };
}

export function nextNumber(revisions: readonly ControllerRevision[]): number {
  return Math.max(0, ...revisions.map(({ revision }) => revision)) + 1;
}

/** The revision with this template, if there is one: the newest of several. */
export function sameRevision(owner: Revised, revisions: readonly ControllerRevision[]): ControllerRevision | undefined {
  const wanted = stableJson(templatePatch(owner.template));
  return byNumber(revisions).findLast(({ data }) => stableJson(data) === wanted);
}

export function byNumber(revisions: readonly ControllerRevision[]): ControllerRevision[] {
  return revisions.toSorted((a, b) => a.revision - b.revision || compareStrings(a.metadata.name ?? '', b.metadata.name ?? ''));
}

/** The oldest of those nobody uses, past the limit. `live` are names of revisions in use. */
export function expired(revisions: readonly ControllerRevision[], live: ReadonlySet<string>, limit: number): ControllerRevision[] {
  const unused = byNumber(revisions).filter(({ metadata }) => !live.has(metadata.name ?? ''));
  return unused.slice(0, Math.max(0, unused.length - limit));
}

export function hashOf({ metadata }: { readonly metadata: ObjectMeta }): string {
  return metadata.labels?.[revisionLabel] ?? '';
}
