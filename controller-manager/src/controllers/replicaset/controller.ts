import { type Clock, errorMessage } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import { controllerOf, isPodActive, isPodTerminal, isPodTerminating, labelSelectorMatcher } from '@keelson/machinery';
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
import { Event, type Kind, type ObjectMeta, Pod, ReplicaSet, type ReplicaSetStatus } from '@keelson/types';
import { claim, controllerUid, mayAdopt, orphanNamespace, orphans, planClaims, refersTo } from '../../claims.ts';
import { Pace } from '../../pace.ts';
import { PodControl } from '../../pod-control.ts';
import { podFrom } from '../../pod-template.ts';
import { type Failure, type Observed, planReplicas, statusChanged, statusOf, untilAvailable } from './plan.ts';

/** The longest time, in milliseconds, for which changes of a large ReplicaSet's pods are put together. */
const longestRest = 100;

/** The longest time, in milliseconds, for which pods are made before the status tells of them. */
const longestRound = 2_000;

/** A kind of object that wants a number of equal pods: a ReplicaSet, or what can be looked at as one. */
export interface Family<T extends KubeObject & { metadata: ObjectMeta }> {
  /** The controller's name. */
  readonly name: string;
  readonly kind: Kind<T>;
  readonly statusResource: string;
  view(object: T): ReplicaSet;
  withStatus(object: T, status: ReplicaSetStatus): T;
}

const replicaSets: Family<ReplicaSet> = {
  name: 'replicaset',
  kind: ReplicaSet,
  statusResource: 'replicasets/status',
  view: (replicaSet) => replicaSet,
  withStatus: (replicaSet, status) => ({ ...replicaSet, status }),
};

/** Keeps as many pods of each ReplicaSet's template as it wants. */
export function replicaSetController(workers: number, clock: Clock): ControllerDefinition {
  return replicasController(replicaSets, workers, clock);
}

/** Keeps as many pods of each owner's template as it wants. */
export function replicasController<T extends KubeObject & { metadata: ObjectMeta }>(
  family: Family<T>,
  workers: number,
  clock: Clock,
): ControllerDefinition {
  const controller = new Replicas(family, clock);
  return defineController({
    name: family.name,
    reads: [family.kind, Pod],
    writes: [Pod, family.statusResource, Event],
    triggers: [
      { ...self(family.kind), indexes: { [ownerUid]: controllerUid } },
      mapped(Pod, (pod: Pod, stores) => ownersOf(family, pod, stores), {
        indexes: { [ownerUid]: controllerUid, [orphans]: orphanNamespace },
      }),
    ],
    workers,
    reconcile: (key, context) => controller.reconcile(key, context),
  });
}

/** The owner of a pod, or those that may adopt it. */
function ownersOf<T extends KubeObject & { metadata: ObjectMeta }>(
  { kind, view }: Family<T>,
  { metadata }: Pod,
  stores: Stores,
): readonly Key[] {
  const owner = controllerOf(metadata);
  if (owner) return refersTo(owner, kind) ? [`${metadata.namespace}/${owner.name}`] : [];
  if (metadata.deletionTimestamp) return [];
  return stores
    .of(kind)
    .list(metadata.namespace)
    .filter((object) => mayAdopt(view(object).spec.selector, metadata.labels))
    .map(keyOf);
}

class Replicas<T extends KubeObject & { metadata: ObjectMeta }> {
  readonly #family: Family<T>;
  readonly #clock: Clock;
  readonly #expectations: Expectations;
  readonly #pods: PodControl;
  readonly #pace: Pace;

  constructor(family: Family<T>, clock: Clock) {
    this.#family = family;
    this.#clock = clock;
    this.#expectations = new Expectations(clock);
    this.#pods = new PodControl(this.#expectations);
    this.#pace = new Pace(clock, longestRest);
  }

  async reconcile(key: Key, context: ReconcileContext): Promise<Outcome> {
    const { kind, view } = this.#family;
    const object = context.of(kind).get(key);
    if (!object) {
      this.#expectations.forget(key);
      this.#pace.forget(key);
      return undefined;
    }
    const replicaSet = view(object);
    const wait = this.#pace.wait(key);
    if (wait > 0 && replicaSet.status?.observedGeneration === replicaSet.metadata.generation) return { again: wait };
    const selector = labelSelectorMatcher(replicaSet.spec.selector);
    const candidates = candidatesOf(replicaSet, context);
    const claims = planClaims(replicaSet.metadata, selector, candidates.filter(isPodActive));
    const active = await claim(claims, { api: context.api, owner: object, ownerKind: kind, kind: Pod });
    const terminating = planClaims(replicaSet.metadata, selector, candidates.filter(isLeaving)).kept;
    const manages = this.#expectations.satisfied(key) && !replicaSet.metadata.deletionTimestamp;
    const problem = manages ? await this.#manage(key, object, active, context) : undefined;
    const outcome = await this.#writeStatus(object, { active, terminating, failure: problem?.failure, now: this.#clock.now() }, context);
    this.#pace.worked(key, candidates.length);
    if (problem) throw problem.error;
    return outcome;
  }

  async #manage(key: Key, object: T, active: readonly Pod[], context: ReconcileContext): Promise<Failed | undefined> {
    const replicaSet = this.#family.view(object);
    const related = (): readonly Pod[] => relatedPods(this.#family, replicaSet, context);
    const plan = planReplicas(replicaSet, active, related, this.#clock.now());
    if (plan.type === 'enough') return undefined;
    if (plan.type === 'delete') return failed('FailedDelete', await this.#pods.delete(key, object, plan.pods, context));
    const pods = this.#round(key, replicaSet, plan.count, context);
    return failed('FailedCreate', await this.#pods.create(key, object, pods, context));
  }

  /** As many pods as can be made until it is time to tell of them, or until the ReplicaSet may want something else; `most` at most. */
  *#round(key: Key, { metadata, spec }: ReplicaSet, most: number, { of }: Stores): Iterable<Pod> {
    const { kind } = this.#family;
    const pod = podFrom(spec.template, metadata, kind);
    const end = this.#clock.now() + longestRound;
    for (let count = 0; count < most; count++) {
      if (this.#clock.now() >= end || of(kind).get(key)?.metadata.generation !== metadata.generation) return;
      yield pod;
    }
  }

  async #writeStatus(object: T, observed: Observed, { api }: ReconcileContext): Promise<Outcome> {
    const { kind, view, withStatus } = this.#family;
    const replicaSet = view(object);
    const next = withStatus(object, statusOf(replicaSet, observed));
    const due = untilAvailable(replicaSet, observed.active, observed.now);
    if (statusChanged(replicaSet, view(next))) await api.update(kind, next, { subresource: 'status' });
    return due === undefined ? undefined : { again: due };
  }
}

interface Failed {
  readonly error: unknown;
  readonly failure: Failure;
}

function failed(reason: Failure['reason'], error: unknown): Failed | undefined {
  return error === undefined ? undefined : { error, failure: { reason, message: errorMessage(error) } };
}

function isLeaving(pod: Pod): boolean {
  return isPodTerminating(pod) && !isPodTerminal(pod);
}

/** Pods it controls, and those that nobody controls. */
function candidatesOf({ metadata }: ReplicaSet, { of }: Stores): readonly Pod[] {
  const pods = of(Pod);
  const free = pods.byIndex(orphans, metadata.namespace ?? '');
  const owned = pods.byIndex(ownerUid, metadata.uid ?? '');
  return free.length === 0 ? owned : [...owned, ...free];
}

/** Active pods of all ReplicaSets of the same owner, this one's included. */
function relatedPods<T extends KubeObject & { metadata: ObjectMeta }>(
  { kind }: Family<T>,
  replicaSet: ReplicaSet,
  { of }: Stores,
): readonly Pod[] {
  const owner = controllerOf(replicaSet.metadata);
  const siblings = owner ? of(kind).byIndex(ownerUid, owner.uid) : [replicaSet];
  return siblings.flatMap(({ metadata }) =>
    of(Pod)
      .byIndex(ownerUid, metadata.uid ?? '')
      .filter(isPodActive),
  );
}
