import type { Clock } from '@keelson/base';
import { controllerOf, labelSelectorMatcher } from '@keelson/machinery';
import {
  type ControllerDefinition,
  defineController,
  Expectations,
  type Key,
  keyOf,
  mapped,
  type Outcome,
  ownerUid,
  type ReconcileContext,
  type Stores,
  self,
} from '@keelson/runtime';
import { ControllerRevision, Event, PersistentVolumeClaim, Pod, StatefulSet } from '@keelson/types';
import { claim, controllerUid, mayAdopt, orphanNamespace, orphans, planClaims, refersTo } from '../../claims.ts';
import { RevisionHistory, revisionIndexes, unseen } from '../../revisions/history.ts';
import { expired, podRevision, type Revised } from '../../revisions/plan.ts';
import { slowStart } from '../../slow-start.ts';
import { planStatefulSet } from './plan.ts';
import { isOrdered, ordinalOf } from './pods.ts';
import { statusChanged, statusOf, untilAvailable } from './status.ts';
import { StepTaker } from './steps.ts';
import type { Plan, View } from './types.ts';

/** Milliseconds after which to look again whether a claim that has to go is gone. */
const claimLook = 1_000;

const nothing: Plan = { steps: [], waitsForClaim: false };

/** Keeps the pods of each StatefulSet, each with a name and claims of its own. */
export function statefulSetController(workers: number, clock: Clock): ControllerDefinition {
  const controller = new StatefulSets(clock);
  return defineController({
    name: 'statefulset',
    reads: [StatefulSet, Pod, ControllerRevision, PersistentVolumeClaim],
    writes: [Pod, PersistentVolumeClaim, ControllerRevision, 'statefulsets/status', Event],
    triggers: [
      self(StatefulSet),
      mapped(Pod, statefulSetsOf, { indexes: { [ownerUid]: controllerUid, [orphans]: orphanNamespace } }),
      revisionIndexes,
    ],
    workers,
    reconcile: (key, context) => controller.reconcile(key, context),
  });
}

/** The owner of a pod, or those that may adopt it. */
function statefulSetsOf(pod: Pod, stores: Stores): readonly Key[] {
  const { metadata } = pod;
  const owner = controllerOf(metadata);
  if (owner) return refersTo(owner, StatefulSet) ? [`${metadata.namespace}/${owner.name}`] : [];
  if (metadata.deletionTimestamp) return [];
  return stores
    .of(StatefulSet)
    .list(metadata.namespace)
    .filter(({ spec }) => mayAdopt(spec.selector, metadata.labels))
    .map(keyOf);
}

class StatefulSets {
  readonly #clock: Clock;
  readonly #expectations: Expectations;
  readonly #history: RevisionHistory;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#expectations = new Expectations(clock);
    this.#history = new RevisionHistory(clock);
  }

  async reconcile(key: Key, context: ReconcileContext): Promise<Outcome> {
    const set = context.of(StatefulSet).get(key);
    if (!set) {
      this.#expectations.forget(key);
      this.#history.forget(key);
      return undefined;
    }
    if (!this.#expectations.satisfied(key)) return undefined;
    if (!this.#history.satisfied(key)) return { again: unseen };
    return this.#sync(key, set, context);
  }

  async #sync(key: Key, set: StatefulSet, context: ReconcileContext): Promise<Outcome> {
    const { api, of } = context;
    const pods = await podsOf(set, context);
    const revisions = await this.#history.claim(set, StatefulSet, context);
    const { revision: update, collisionCount = 0 } = await this.#history.ensure(key, revisedOf(set), revisions, context);
    const current = revisions.find(({ metadata }) => metadata.name === set.status?.currentRevision) ?? update;
    const claimNamed = (name: string): PersistentVolumeClaim | undefined =>
      of(PersistentVolumeClaim).get(`${set.metadata.namespace}/${name}`);
    const view: View = { set, pods, current, update, claim: claimNamed, now: this.#clock.now() };
    // Of one that is deleted only the status is kept up.
    const plan = set.metadata.deletionTimestamp ? nothing : planStatefulSet(view);
    const error = await this.#carryOut(key, set, plan, context);
    const status = statusOf(view, collisionCount);
    if (statusChanged(set, status)) await api.update(StatefulSet, { ...set, status }, { subresource: 'status' });
    if (error !== undefined) throw error;
    const live = new Set([...pods.map(podRevision), current.metadata.name, update.metadata.name]);
    const old = expired(revisions, ({ metadata }) => live.has(metadata.name), set.spec.revisionHistoryLimit ?? 10);
    await this.#history.remove(key, old, context);
    return soonest(untilAvailable(view), plan.waitsForClaim ? claimLook : undefined);
  }

  /** Takes steps one by one, or more and more at once where order does not matter. Resolves to the first error. */
  async #carryOut(key: Key, set: StatefulSet, { steps }: Plan, context: ReconcileContext): Promise<unknown> {
    const taker = new StepTaker(key, set, this.#expectations, context);
    if (!isOrdered(set)) return slowStart(steps, (step) => taker.take(step));
    for (const step of steps) {
      const error = await taker.take(step);
      if (error !== undefined) return error;
    }
    return undefined;
  }
}

function revisedOf({ metadata, spec, status }: StatefulSet): Revised {
  const hashLabel = 'controller.kubernetes.io/hash';
  return { metadata, kind: StatefulSet, template: spec.template, hashLabel, collisionCount: status?.collisionCount ?? 0 };
}

/** Pods it controls, and those of nobody that have a name of its own. */
async function podsOf(set: StatefulSet, { of, api }: ReconcileContext): Promise<readonly Pod[]> {
  const { metadata, spec } = set;
  const own = of(Pod).byIndex(ownerUid, metadata.uid ?? '');
  const free = of(Pod)
    .byIndex(orphans, metadata.namespace ?? '')
    .filter((pod) => ordinalOf(set, pod) !== undefined);
  const claims = planClaims(metadata, labelSelectorMatcher(spec.selector), [...own, ...free]);
  return claim(claims, { api, owner: set, ownerKind: StatefulSet, kind: Pod });
}

function soonest(...waits: readonly (number | undefined)[]): Outcome {
  const known = waits.filter((wait) => wait !== undefined);
  return known.length > 0 ? { again: Math.min(...known) } : undefined;
}
