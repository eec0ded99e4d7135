import { type Clock, errorMessage } from '@keelson/base';
import { controllerOf, equal, labelSelectorMatcher, podPhase, untilPodAvailable } from '@keelson/machinery';
import {
  type ControllerDefinition,
  defineController,
  Expectations,
  type Key,
  keyOf,
  mapped,
  type Outcome,
  ownerOf,
  ownerUid,
  type ReconcileContext,
  type Stores,
  self,
} from '@keelson/runtime';
import { ControllerRevision, Event, PersistentVolumeClaim, Pod, StatefulSet } from '@keelson/types';
import { isAlreadyThere, isGone, isNamespaceEnding } from '../../api-errors.ts';
import { claim, controllerUid, mayAdopt, orphanNamespace, orphans, planClaims, refersTo } from '../../claims.ts';
import { ensureRevision, revisionsOf, truncate } from '../../revisions/history.ts';
import { hashOf, type Revised } from '../../revisions/plan.ts';
import { planStateful, type Steps, statusOf, type View } from './plan.ts';
import { claimsFor, indexLabel, nameLabel, ordinalOf, podFor } from './pods.ts';

/** Keeps the pods of each StatefulSet, each with its own name and claims, in order. */
export function statefulSetController(workers: number, clock: Clock): ControllerDefinition {
  const controller = new StatefulSets(clock);
  return defineController({
    name: 'statefulset',
    reads: [StatefulSet, Pod, ControllerRevision, PersistentVolumeClaim],
    writes: [Pod, PersistentVolumeClaim, ControllerRevision, 'statefulsets/status', Event],
    triggers: [
      self(StatefulSet),
      mapped(Pod, statefulSetsOf, { indexes: { [ownerUid]: controllerUid, [orphans]: orphanNamespace } }),
      { ...ownerOf(ControllerRevision, StatefulSet), indexes: { [ownerUid]: controllerUid } },
    ],
    workers,
    reconcile: (key, context) => controller.reconcile(key, context),
  });
}

function statefulSetsOf({ metadata }: Pod, stores: Stores): readonly Key[] {
  const owner = controllerOf(metadata);
  if (owner) return refersTo(owner, StatefulSet) ? [`${metadata.namespace}/${owner.name}`] : [];
  if (metadata.deletionTimestamp) return [];
  const all = stores.of(StatefulSet).list(metadata.namespace);
  return all.filter(({ spec }) => spec && mayAdopt(spec.selector, metadata.labels)).map(keyOf);
}

class StatefulSets {
  readonly #clock: Clock;
  readonly #expectations: Expectations;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#expectations = new Expectations(clock);
  }

  async reconcile(key: Key, context: ReconcileContext): Promise<Outcome> {
    const set = context.of(StatefulSet).get(key);
    if (!set?.spec) {
      this.#expectations.forget(key);
      return undefined;
    }
    const pods = await podsOf(set, context);
    if (set.metadata.deletionTimestamp) return undefined;
    const revisions = revisionsOf(set, context);
    const ensured = await ensureRevision(revisedOf(set), revisions, context.api);
    if (ensured.type === 'collision') return this.#collided(set, context);
    const update = ensured.revision;
    const current = revisions.find(({ metadata }) => metadata.name === set.status?.currentRevision) ?? update;
    const view: View = { set, pods, current, update, now: this.#clock.now() };
    const error = this.#expectations.satisfied(key) ? await this.#carryOut(key, view, planStateful(view), context) : undefined;
    const status = statusOf(view, set.status?.collisionCount);
    if (!equal(status, set.status)) await context.api.update(StatefulSet, { ...set, status }, { subresource: 'status' });
    const live = new Set([...pods.map(hashOf), ...[current, update].map(({ metadata }) => metadata.name ?? '')]);
    await truncate(revisions, live, set.spec.revisionHistoryLimit ?? 10, context.api);
    if (error !== undefined) throw error;
    return again(view);
  }

  async #collided(set: StatefulSet, { api }: ReconcileContext): Promise<Outcome> {
    const status = { ...set.status, replicas: set.status?.replicas ?? 0, collisionCount: (set.status?.collisionCount ?? 0) + 1 };
    await api.update(StatefulSet, { ...set, status }, { subresource: 'status' });
    return undefined;
  }

  /** Resolves to the first thing that went wrong, if any. */
  async #carryOut(key: Key, view: View, steps: Steps, context: ReconcileContext): Promise<unknown> {
    const errors = await Promise.all([
      ...steps.relabel.map((pod) => this.#relabel(view, pod, context)),
      ...steps.remove.map((pod) => this.#remove(key, view, pod, steps.ended.includes(pod), context)),
      ...steps.create.map((one) => this.#create(key, view, one, context)),
    ]);
    return errors.find((error) => error !== undefined);
  }

  async #create(key: Key, { set }: View, { ordinal, revision }: Steps['create'][number], context: ReconcileContext): Promise<unknown> {
    const { api, events, of } = context;
    const pod = podFor(set, ordinal, revision);
    const what = `create Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`;
    try {
      for (const wanted of claimsFor(set, ordinal)) await ensureClaim(set, wanted, pod, context);
      const made = await api.create(Pod, pod);
      this.#expectations.written(key, of(Pod), made);
      events.event(set, 'Normal', 'SuccessfulCreate', `${what} successful`);
      return undefined;
    } catch (error) {
      if (isNamespaceEnding(error)) return undefined;
      events.event(set, 'Warning', 'FailedCreate', `${what} failed error: ${errorMessage(error)}`);
      return error;
    }
  }

  async #remove(key: Key, { set }: View, pod: Pod, ended: boolean, { api, events, of }: ReconcileContext): Promise<unknown> {
    const { name = '', namespace } = pod.metadata;
    const what = `delete Pod ${name} in StatefulSet ${set.metadata.name}`;
    if (ended) {
      const failed = podPhase(pod) === 'Failed';
      const reason = failed ? 'RecreatingFailedPod' : 'RecreatingTerminatedPod';
      events.event(set, 'Warning', reason, `StatefulSet ${keyOf(set)} is recreating ${failed ? 'failed' : 'terminated'} Pod ${name}`);
    }
    try {
      await api.delete(Pod, { name, namespace });
      this.#expectations.deleted(key, of(Pod), pod);
      events.event(set, 'Normal', 'SuccessfulDelete', `${what} successful`);
      return undefined;
    } catch (error) {
      if (isGone(error)) return undefined;
      events.event(set, 'Warning', 'FailedDelete', `${what} failed error: ${errorMessage(error)}`);
      return error;
    }
  }

  async #relabel({ set }: View, pod: Pod, { api }: ReconcileContext): Promise<unknown> {
    const { name = '', namespace } = pod.metadata;
    const labels = { [nameLabel]: name, [indexLabel]: String(ordinalOf(set, pod)) };
    try {
      await api.patch(Pod, { name, namespace }, 'application/merge-patch+json', { metadata: { labels } });
      return undefined;
    } catch (error) {
      return isGone(error) ? undefined : error;
    }
  }
}

async function ensureClaim(
  set: StatefulSet,
  wanted: PersistentVolumeClaim,
  pod: Pod,
  { api, of, events }: ReconcileContext,
): Promise<void> {
  if (of(PersistentVolumeClaim).get(keyOf(wanted))) return;
  try {
    await api.create(PersistentVolumeClaim, wanted);
    const message = `create Claim ${wanted.metadata.name} Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} success`;
    events.event(set, 'Normal', 'SuccessfulCreate', message);
  } catch (error) {
    if (!isAlreadyThere(error)) throw error;
  }
}

function revisedOf({ metadata, spec, status }: StatefulSet): Revised {
  const { template, selector } = spec as NonNullable<StatefulSet['spec']>;
  const labels = { ...template.metadata?.labels, ...selector.matchLabels };
  return { metadata, template, labels, kind: StatefulSet, collisionCount: status?.collisionCount || undefined };
}

/** Only pods with a name of the set's are its own. */
async function podsOf(set: StatefulSet, { of, api }: ReconcileContext): Promise<readonly Pod[]> {
  const pods = of(Pod);
  const own = pods.byIndex(ownerUid, set.metadata.uid ?? '');
  const free = pods.byIndex(orphans, set.metadata.namespace ?? '').filter((pod) => ordinalOf(set, pod) !== undefined);
  const claims = planClaims(set.metadata, labelSelectorMatcher(set.spec?.selector), [...own, ...free]);
  return claim(claims, { api, owner: set, ownerKind: StatefulSet, kind: Pod });
}

/** When a pod will be available by time alone. */
function again({ set, pods, now }: View): Outcome {
  const least = set.spec?.minReadySeconds ?? 0;
  const waits = least > 0 ? pods.map((pod) => untilPodAvailable(pod, least, now) ?? 0).filter((wait) => wait > 0) : [];
  return waits.length > 0 ? { again: Math.min(...waits) } : undefined;
}
