import { equal } from '@keelson/machinery';
import { type ControllerRevision, DaemonSet, type Pod } from '@keelson/types';
import { expired, podRevision, podRevisionLabel, type Revised } from '../../revisions/plan.ts';

export function revisedOf({ metadata, spec, status }: DaemonSet): Revised {
  return { metadata, kind: DaemonSet, template: spec.template, hashLabel: podRevisionLabel, collisionCount: status?.collisionCount };
}

/** What daemons of a revision carry as theirs. */
export function hashOf({ metadata }: ControllerRevision): string {
  return metadata.labels?.[podRevisionLabel] ?? metadata.name ?? '';
}

/** Revisions that hold the same as the present one: its daemons become the present one's, and they go. */
export function duplicatesOf(present: ControllerRevision, revisions: readonly ControllerRevision[]): ControllerRevision[] {
  return revisions.filter(({ metadata, data }) => metadata.name !== present.metadata.name && equal(data, present.data));
}

/** Revisions that may be forgotten. Those of daemons that still run stay, and count. */
export function forgettable(
  { spec }: DaemonSet,
  present: ControllerRevision,
  revisions: readonly ControllerRevision[],
  pods: readonly Pod[],
): ControllerRevision[] {
  const old = revisions.filter(({ metadata }) => metadata.name !== present.metadata.name);
  const hashes = new Set(pods.map(podRevision));
  const isLive = (revision: ControllerRevision): boolean => hashes.has(hashOf(revision));
  return expired(old, isLive, (spec.revisionHistoryLimit ?? 10) - old.filter(isLive).length);
}
