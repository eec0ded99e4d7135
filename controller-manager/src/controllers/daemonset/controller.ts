import type { Clock } from '@keelson/base';
import { controllerOf, equal, labelSelectorMatcher, podPhase } from '@keelson/machinery';
import {
  type Change,
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
import { ControllerRevision, DaemonSet, Event, Node, Pod } from '@keelson/types';
import { claim, controllerUid, mayAdopt, orphanNamespace, orphans, planClaims, refersTo } from '../../claims.ts';
import { Pace } from '../../pace.ts';
import { PodControl } from '../../pod-control.ts';
import { RevisionHistory, revisionIndexes, unseen } from '../../revisions/history.ts';
import { podRevision, podRevisionLabel } from '../../revisions/plan.ts';
import { Failures } from './failures.ts';
import { duplicatesOf, forgettable, hashOf, revisedOf } from './history.ts';
import { type DaemonSteps, planDaemons, type Steps, untilAvailable, type View, viewOf } from './plan.ts';
import { daemonFor, nodeOf } from './pods.ts';
import { planRollout } from './rollout.ts';
import { statusChanged, statusOf } from './status.ts';

/** Pods made or deleted in one go, at most. */
const burst = 250;
/** The longest time, in milliseconds, for which changes of a large set's daemons are put together. */
const longestRest = 100;

/** Keeps one pod of each DaemonSet's template on every node that is for it. */
export function daemonSetController(workers: number, clock: Clock): ControllerDefinition {
  const controller = new DaemonSets(clock);
  return defineController({
    name: 'daemonset',
    reads: [DaemonSet, Pod, Node, ControllerRevision],
    writes: [Pod, ControllerRevision, 'daemonsets/status', Event],
    triggers: [
      self(DaemonSet),
      mapped(Pod, daemonSetsOf, { indexes: { [ownerUid]: controllerUid, [orphans]: orphanNamespace } }),
      mapped(Node, (_node, stores) => stores.of(DaemonSet).list().map(keyOf), { when: changesFitness }),
      revisionIndexes,
    ],
    workers,
    reconcile: (key, context) => controller.reconcile(key, context),
  });
}

/** The owner of a pod, or those that may adopt it. */
function daemonSetsOf({ metadata }: Pod, stores: Stores): readonly Key[] {
  const owner = controllerOf(metadata);
  if (owner) return refersTo(owner, DaemonSet) ? [`${metadata.namespace}/${owner.name}`] : [];
  if (metadata.deletionTimestamp) return [];
  return stores
    .of(DaemonSet)
    .list(metadata.namespace)
    .filter(({ spec }) => mayAdopt(spec.selector, metadata.labels))
    .map(keyOf);
}

/** A node's heartbeat changes nothing. */
function changesFitness(change: Change<Node>): boolean {
  if (change.type !== 'updated') return true;
  const [before, after] = [change.old, change.object];
  return !equal(before.metadata.labels, after.metadata.labels) || !equal(before.spec?.taints, after.spec?.taints);
}

class DaemonSets {
  readonly #clock: Clock;
  readonly #expectations: Expectations;
  readonly #pods: PodControl;
  readonly #history: RevisionHistory;
  readonly #failures: Failures;
  readonly #pace: Pace;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#expectations = new Expectations(clock);
    this.#pods = new PodControl(this.#expectations);
    this.#history = new RevisionHistory(clock);
    this.#failures = new Failures(clock);
    this.#pace = new Pace(clock, longestRest);
  }

  async reconcile(key: Key, context: ReconcileContext): Promise<Outcome> {
    const set = context.of(DaemonSet).get(key);
    if (!set) return this.#forget(key);
    const wait = this.#pace.wait(key);
    if (wait > 0 && set.status?.observedGeneration === set.metadata.generation) return { again: wait };
    if (labelSelectorMatcher(set.spec.selector).empty) {
      context.events.event(set, 'Warning', 'SelectingAll', 'This daemon set is selecting all pods. A non-empty selector is required.');
      return undefined;
    }
    if (set.metadata.deletionTimestamp) return undefined;
    if (!this.#history.satisfied(key)) return { again: unseen };
    return this.#sync(key, set, context);
  }

  #forget(key: Key): undefined {
    for (const memory of [this.#expectations, this.#history, this.#failures, this.#pace]) memory.forget(key);
  }

  async #sync(key: Key, set: DaemonSet, context: ReconcileContext): Promise<Outcome> {
    const { of } = context;
    const revisions = await this.#history.claim(set, DaemonSet, context);
    const { revision, collisionCount } = await this.#history.ensure(key, revisedOf(set), revisions, context);
    const pods = await podsOf(set, context);
    const duplicates = duplicatesOf(revision, revisions);
    if (duplicates.length > 0) return this.#join(key, revision, duplicates, pods, context);
    const view = viewOf(set, pods, of(Node).list(), { hash: hashOf(revision), now: this.#clock.now() });
    const ready = this.#expectations.satisfied(key);
    const managed = ready ? await this.#manage(key, view, context) : undefined;
    if (managed && managed.error === undefined) await this.#history.remove(key, forgettable(set, revision, revisions, pods), context);
    const status = statusOf(view, collisionCount);
    if (statusChanged(set, status)) await context.api.update(DaemonSet, { ...set, status }, { subresource: 'status' });
    this.#pace.worked(key, view.nodes.length + pods.length);
    if (managed?.error !== undefined) throw managed.error;
    return soonest(managed?.wait, untilAvailable(view));
  }

  /** Makes one of several revisions that hold the same. What follows from it is seen when its daemons have their new label. */
  async #join(
    key: Key,
    present: ControllerRevision,
    duplicates: readonly ControllerRevision[],
    pods: readonly Pod[],
    context: ReconcileContext,
  ): Promise<Outcome> {
    const hash = hashOf(present);
    const others = new Set(duplicates.map(hashOf));
    const patch = { metadata: { labels: { [podRevisionLabel]: hash } } };
    for (const pod of pods.filter((one) => podRevision(one) !== hash && others.has(podRevision(one)))) {
      const { name = '', namespace } = pod.metadata;
      const written = await context.api.patch(Pod, { name, namespace }, 'application/strategic-merge-patch+json', patch);
      this.#expectations.written(key, context.of(Pod), written);
    }
    await this.#history.remove(key, duplicates, context);
    return { again: unseen };
  }

  /** Takes the next steps: daemons where they belong, and only when all are there a newer template. */
  async #manage(key: Key, view: View, context: ReconcileContext): Promise<Managed> {
    const steps = planDaemons(view);
    const waits: number[] = [];
    const ended = [...this.#dueFailures(key, view, steps, waits), ...steps.succeeded];
    tellEnded(view.set, ended, context);
    const remove = [...steps.remove, ...ended];
    const idle = remove.length + steps.create.length === 0;
    const error = await this.#carryOut(key, view, idle ? planRollout(view) : { create: steps.create, remove }, context);
    return { error, wait: soonest(...waits)?.again };
  }

  /** Failed daemons that may be removed now. What the others wait for is added to `waits`. */
  #dueFailures(key: Key, { set }: View, { failed }: DaemonSteps, waits: number[]): Pod[] {
    return failed.filter((pod) => {
      const wait = this.#failures.wait(key, set, nodeOf(pod) ?? '');
      if (wait > 0) waits.push(wait);
      return wait === 0;
    });
  }

  async #carryOut(key: Key, { set, hash }: View, { create, remove }: Steps, context: ReconcileContext): Promise<unknown> {
    const daemons = create.slice(0, burst).map((node) => daemonFor(set, node, hash));
    const unmade = await this.#pods.create(key, set, daemons, context);
    const left = await this.#pods.delete(key, set, remove.slice(0, burst), context);
    return unmade ?? left;
  }
}

interface Managed {
  /** The first thing that went wrong, if any. */
  readonly error: unknown;
  /** Milliseconds until the next failed daemon may be removed. */
  readonly wait: number | undefined;
}

function tellEnded(set: DaemonSet, ended: readonly Pod[], { events }: ReconcileContext): void {
  for (const pod of ended) {
    const where = `daemon pod ${keyOf(pod)} on node ${nodeOf(pod)}`;
    if (podPhase(pod) === 'Failed') events.event(set, 'Warning', 'FailedDaemonPod', `Found failed ${where}, will try to kill it`);
    else events.event(set, 'Normal', 'SucceededDaemonPod', `Found succeeded ${where}, will try to delete it`);
  }
}

/** Pods it controls, and those of nobody that it takes. */
async function podsOf(set: DaemonSet, { of, api }: ReconcileContext): Promise<readonly Pod[]> {
  const { metadata, spec } = set;
  const pods = of(Pod);
  const candidates = [...pods.byIndex(ownerUid, metadata.uid ?? ''), ...pods.byIndex(orphans, metadata.namespace ?? '')];
  const claims = planClaims(metadata, labelSelectorMatcher(spec.selector), candidates);
  return claim(claims, { api, owner: set, ownerKind: DaemonSet, kind: Pod });
}

function soonest(...waits: readonly (number | undefined)[]): Outcome {
  const known = waits.filter((wait) => wait !== undefined);
  return known.length > 0 ? { again: Math.min(...known) } : undefined;
}
