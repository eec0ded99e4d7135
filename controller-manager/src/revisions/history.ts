import type { Clock } from '@keelson/base';
import { equal, isControlledBy, labelSelectorMatcher } from '@keelson/machinery';
import { Expectations, type Key, mapped, ownerUid, type ReconcileContext, type Trigger } from '@keelson/runtime';
import { ControllerRevision, type Kind, type LabelSelector, type ObjectMeta } from '@keelson/types';
import { isAlreadyThere, isGone } from '../api-errors.ts';
import { claim, controllerUid, orphanNamespace, orphans, planClaims } from '../claims.ts';
import { planRevision, type Revised, revisionFor } from './plan.ts';

/**
 * Has revisions found by their owner, and starts nothing: as upstream, what others do to revisions is seen at the next look, which its
 * conformance tests of ControllerRevisions count on.
 */
export const revisionIndexes: Trigger<ControllerRevision> = mapped<ControllerRevision>(ControllerRevision, () => [], {
  indexes: { [ownerUid]: controllerUid, [orphans]: orphanNamespace },
});

/** Milliseconds after which to look whether the informer has shown what was written. */
export const unseen = 20;

/** The present template's revision, and the collision count under which it has its name. */
export interface Ensured {
  readonly revision: ControllerRevision;
  readonly collisionCount: number | undefined;
}

/** The revisions of a controller's objects: all of what it writes of that kind. */
export class RevisionHistory {
  readonly #expectations: Expectations;

  constructor(clock: Clock) {
    this.#expectations = new Expectations(clock);
  }

  /** False while the informer lacks what was written for `key`: nothing tells when it has it, so look again after `unseen`. */
  satisfied(key: Key): boolean {
    return this.#expectations.satisfied(key);
  }

  /** When the key's object is gone. */
  forget(key: Key): void {
    this.#expectations.forget(key);
  }

  /** An owner's revisions, those included that it finds without one and takes. @throws as `claim`. */
  async claim<O>(
    owner: O & { metadata: ObjectMeta; spec: { selector: LabelSelector } },
    ownerKind: Kind<O>,
    { of, api }: ReconcileContext,
  ): Promise<readonly ControllerRevision[]> {
    const { metadata, spec } = owner;
    const all = of(ControllerRevision);
    const candidates = [...all.byIndex(ownerUid, metadata.uid ?? ''), ...all.byIndex(orphans, metadata.namespace ?? '')];
    const claims = planClaims(metadata, labelSelectorMatcher(spec.selector), candidates);
    return claim(claims, { api, owner, ownerKind, kind: ControllerRevision });
  }

  /** Makes the present template's revision the newest: makes it, or gives an older one with the same template the highest number. */
  async ensure(key: Key, owner: Revised, revisions: readonly ControllerRevision[], context: ReconcileContext): Promise<Ensured> {
    const { collisionCount } = owner;
    const plan = planRevision(owner, revisions);
    if (plan.type === 'there') return { revision: plan.revision, collisionCount };
    if (plan.type === 'create') return this.#create(key, owner, plan.revision, context);
    const revision = await context.api.update(ControllerRevision, plan.revision);
    this.#expectations.written(key, context.of(ControllerRevision), revision);
    return { revision, collisionCount };
  }

  /** Under the next name when the first is another template's, or another owner's. */
  async #create(key: Key, owner: Revised, wanted: ControllerRevision, context: ReconcileContext): Promise<Ensured> {
    const { api, of } = context;
    try {
      const revision = await api.create(ControllerRevision, wanted);
      this.#expectations.written(key, of(ControllerRevision), revision);
      return { revision, collisionCount: owner.collisionCount };
    } catch (error) {
      if (!isAlreadyThere(error)) throw error;
    }
    const { name = '', namespace } = wanted.metadata;
    const there = await api.get(ControllerRevision, { name, namespace });
    if (isControlledBy(there.metadata, owner.metadata) && equal(there.data, wanted.data))
      return { revision: there, collisionCount: owner.collisionCount };
    const next = { ...owner, collisionCount: (owner.collisionCount ?? 0) + 1 };
    return this.#create(key, next, revisionFor(next, wanted.revision), context);
  }

  async remove(key: Key, revisions: readonly ControllerRevision[], { api, of }: ReconcileContext): Promise<void> {
    for (const revision of revisions) {
      const { name = '', namespace } = revision.metadata;
      await api.delete(ControllerRevision, { name, namespace }).catch((error: unknown) => {
        if (!isGone(error)) throw error;
      });
      this.#expectations.deleted(key, of(ControllerRevision), revision);
    }
  }
}
