import { Backoff, type Clock, errorMessage } from '@keelson/base';
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
import { ControllerRevision, DaemonSet, Event, Node, Pod } from '@keelson/types';
import { isGone, isNamespaceEnding } from '../../api-errors.ts';
import { claim, controllerUid, mayAdopt, orphanNamespace, orphans, planClaims, refersTo } from '../../claims.ts';
import { ensureRevision, revisionsOf, truncate } from '../../revisions/history.ts';
import { hashOf, type Revised } from '../../revisions/plan.ts';
import { slowStart } from '../../pace.ts';
import { planDaemons, planRollout, type Steps, statusOf, type View } from './plan.ts';
import { daemonFor, nodeOf } from './pods.ts';

/** Daemons that fail on a node are tried again after this, doubling, in milliseconds. */
const failures = { initial: 1_000, max: 15 * 60_000 };

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
      mapped(Node, (_node, stores) => stores.of(DaemonSet).list().map(keyOf), { when: mattersToDaemons }),
      { ...ownerOf(ControllerRevision, DaemonSet), indexes: { [ownerUid]: controllerUid } },
    ],
    workers,
    reconcile: (key, context) => controller.reconcile(key, context),
  });
}

function daemonSetsOf({ metadata }: Pod, stores: Stores): readonly Key[] {
  const owner = controllerOf(metadata);
  if (owner) return refersTo(owner, DaemonSet) ? [`${metadata.namespace}/${owner.name}`] : [];
  if (metadata.deletionTimestamp) return [];
  const all = stores.of(DaemonSet).list(metadata.namespace);
  return all.filter(({ spec }) => spec && mayAdopt(spec.selector, metadata.labels)).map(keyOf);
}

/** A node's heartbeat changes nothing. */
function mattersToDaemons(change: { type: string; object: Node; old?: Node }): boolean {
  if (change.type !== 'updated' || !change.old) return true;
  const { object, old } = change;
  return !equal(object.metadata.labels, old.metadata.labels) || !equal(object.spec, old.spec);
}

class DaemonSets {
  readonly #clock: Clock;
  readonly #expectations: Expectations;
  readonly #backoff: Backoff;
  /** The last daemon that ended by itself, by set and node, and when it may be removed. */
  readonly #ended = new Map<string, { readonly uid: string; readonly due: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#expectations = new Expectations(clock);
    this.#backoff = new Backoff(failures, clock);
  }

  async reconcile(key: Key, context: ReconcileContext): Promise<Outcome> {
    const set = context.of(DaemonSet).get(key);
    if (!set?.spec) {
      this.#expectations.forget(key);
      return undefined;
    }
    const pods = await podsOf(set, context);
    if (set.metadata.deletionTimestamp) return undefined;
    const revisions = revisionsOf(set, context);
    const ensured = await ensureRevision(revisedOf(set), revisions, context.api);
    if (ensured.type === 'collision') return this.#collided(set, context);
    const view = this.#viewOf(set, pods, hashOf(ensured.revision), context);
    const error = this.#expectations.satisfied(key) ? await this.#carryOut(key, view, context) : undefined;
    const live = new Set([...pods.map(hashOf), hashOf(ensured.revision)].map((hash) => `${set.metadata.name}-${hash}`));
    await truncate(revisions, live, set.spec.revisionHistoryLimit ?? 10, context.api);
    await this.#writeStatus(view, context);
    if (error !== undefined) throw error;
    return again(view, this.#waiting(key, view));
  }

  #viewOf(set: DaemonSet, pods: readonly Pod[], hash: string, { of }: ReconcileContext): View {
    const podsOn = new Map<string, Pod[]>();
    for (const pod of pods) podsOn.set(nodeOf(pod), [...(podsOn.get(nodeOf(pod)) ?? []), pod]);
    return { set, nodes: of(Node).list(), podsOn, hash, now: this.#clock.now() };
  }

  async #collided(set: DaemonSet, { api }: ReconcileContext): Promise<Outcome> {
    const status = { ...set.status, collisionCount: (set.status?.collisionCount ?? 0) + 1 } as DaemonSet['status'];
    await api.update(DaemonSet, { ...set, status }, { subresource: 'status' });
    return undefined;
  }

  /** Resolves to the first thing that went wrong, if any. */
  async #carryOut(key: Key, view: View, context: ReconcileContext): Promise<unknown> {
    const steps = planDaemons(view);
    for (const pod of steps.ended) this.#tellEnded(view.set, pod, context);
    const due = steps.ended.filter((pod) => this.#isDue(key, pod));
    const remove = steps.remove.filter((pod) => !steps.ended.includes(pod) || due.includes(pod));
    const first = await this.#apply(key, view, { ...steps, remove }, context);
    if (first !== undefined || steps.create.length + remove.length > 0) return first;
    return this.#apply(key, view, planRollout(view), context);
  }

  /** Whether a daemon that ended may be removed, which starts the next: sooner the first time than the tenth. */
  #isDue(key: Key, pod: Pod): boolean {
    const id = `${key} ${nodeOf(pod)}`;
    const { uid = '' } = pod.metadata;
    if (this.#ended.get(id)?.uid !== uid) this.#ended.set(id, { uid, due: this.#clock.now() + this.#backoff.next(id) });
    return this.#clock.now() >= (this.#ended.get(id)?.due ?? 0);
  }

  /** Milliseconds until the next ended daemon may be removed. */
  #waiting(key: Key, view: View): number | undefined {
    const ended = planDaemons(view).ended.map((pod) => this.#ended.get(`${key} ${nodeOf(pod)}`)?.due ?? 0);
    return ended.length > 0 ? Math.max(1, Math.min(...ended) - this.#clock.now()) : undefined;
  }

  #tellEnded(set: DaemonSet, pod: Pod, { events }: ReconcileContext): void {
    const failed = podPhase(pod) === 'Failed';
    const what = failed ? 'failed' : 'succeeded';
    const will = failed ? 'will try to kill it' : 'will try to delete it';
    const message = `Found ${what} daemon pod ${keyOf(pod)} on node ${nodeOf(pod)}, ${will}`;
    events.event(set, failed ? 'Warning' : 'Normal', failed ? 'FailedDaemonPod' : 'SucceededDaemonPod', message);
  }

  async #apply(key: Key, view: View, { create, remove }: Steps, context: ReconcileContext): Promise<unknown> {
    const removed = await Promise.all(remove.map((pod) => this.#remove(key, view.set, pod, context)));
    let rest = [...create];
    for (const size of slowStart(create.length)) {
      const batch = rest.slice(0, size);
      rest = rest.slice(size);
      const errors = await Promise.all(batch.map((node) => this.#create(key, view, node, context)));
      const error = errors.find((one) => one !== undefined);
      if (error !== undefined) return error;
    }
    return removed.find((one) => one !== undefined);
  }

  async #create(key: Key, { set, hash }: View, node: string, { api, events, of }: ReconcileContext): Promise<unknown> {
    try {
      const made = await api.create(Pod, daemonFor(set, node, hash));
      this.#expectations.written(key, of(Pod), made);
      events.event(set, 'Normal', 'SuccessfulCreate', `Created pod: ${made.metadata.name}`);
      return undefined;
    } catch (error) {
      if (isNamespaceEnding(error)) return undefined;
      events.event(set, 'Warning', 'FailedCreate', `Error creating: ${errorMessage(error)}`);
      return error;
    }
  }

  async #remove(key: Key, set: DaemonSet, pod: Pod, { api, events, of }: ReconcileContext): Promise<unknown> {
    const { name = '', namespace } = pod.metadata;
    try {
      await api.delete(Pod, { name, namespace });
      this.#expectations.deleted(key, of(Pod), pod);
      events.event(set, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
      return undefined;
    } catch (error) {
      if (isGone(error)) return undefined;
      events.event(set, 'Warning', 'FailedDelete', `Error deleting: ${errorMessage(error)}`);
      return error;
    }
  }

  async #writeStatus(view: View, { api }: ReconcileContext): Promise<void> {
    const status = statusOf(view, view.set.status?.collisionCount);
    if (!equal(status, view.set.status)) await api.update(DaemonSet, { ...view.set, status }, { subresource: 'status' });
  }
}

function revisedOf({ metadata, spec, status }: DaemonSet): Revised {
  const { template, selector } = spec as NonNullable<DaemonSet['spec']>;
  const labels = { ...template.metadata?.labels, ...selector.matchLabels };
  return { metadata, template, labels, kind: DaemonSet, collisionCount: status?.collisionCount };
}

async function podsOf(set: DaemonSet, { of, api }: ReconcileContext): Promise<readonly Pod[]> {
  const pods = of(Pod);
  const own = pods.byIndex(ownerUid, set.metadata.uid ?? '');
  const free = pods.byIndex(orphans, set.metadata.namespace ?? '');
  const claims = planClaims(set.metadata, labelSelectorMatcher(set.spec?.selector), [...own, ...free]);
  return claim(claims, { api, owner: set, ownerKind: DaemonSet, kind: Pod });
}

/** When something will be so by time alone: a daemon available, or an ended one due. */
function again({ set, podsOn, now }: View, ended: number | undefined): Outcome {
  const least = set.spec?.minReadySeconds ?? 0;
  const waits = least > 0 ? [...podsOn.values()].flat().map((pod) => untilPodAvailable(pod, least, now) ?? 0) : [];
  const due = [...waits.filter((wait) => wait > 0), ...(ended === undefined ? [] : [ended])];
  return due.length > 0 ? { again: Math.min(...due) } : undefined;
}
