import { type Clock, errorMessage, type Logger, type Random, timestamp } from '@keelson/base';
import { type Api, ApiError } from '@keelson/client';
import type { Change, EventRecorder, Informer, Informers } from '@keelson/runtime';
import { type LabelSelector, Namespace, Node, Pod, ReplicaSet, ReplicationController, Service, StatefulSet } from '@keelson/types';
import type { Registry } from 'prom-client';
import { type Bound, bind } from './binder.ts';
import { SchedulerCache } from './cache/cache.ts';
import { type PodInfo, podInfo } from './cache/pod-info.ts';
import { unscheduledPatch } from './condition.ts';
import { type Around, Cycle, type Diagnosis } from './cycle/cycle.ts';
import { mayPreempt, preemptionMessage, refusedBy, unschedulableMessage, victimsLeaving } from './cycle/message.ts';
import type { Preemption } from './cycle/preemption.ts';
import { defaultSelector, type Owners } from './default-selector.ts';
import { evict } from './evict.ts';
import { type Deciding, decideWith, extenderEvents, preemptWith } from './extenders/decide.ts';
import type { Extenders } from './extenders/extenders.ts';
import { type SchedulerMetrics, schedulerMetrics } from './metrics.ts';
import type { ClusterEvent } from './plugins/types.ts';
import { defaultProfile, type Profile } from './profiles.ts';
import { type Queued, SchedulingQueue } from './queue/queue.ts';
import { bindingMessage, type Reservation, VolumeBinder } from './volumes/binder.ts';
import type { PodVolumes } from './volumes/claims.ts';

export interface SchedulerDeps {
  readonly api: Api;
  readonly informers: Informers;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly events: EventRecorder;
  readonly metrics: Registry;
  /** Pods that name none of these are left to other schedulers; the default one unless told. */
  readonly profiles?: readonly Profile[];
  /** Asked besides; nobody unless told. */
  readonly extenders?: Extenders;
}

/** A profile and what decides by it. */
type Way = Profile & { readonly cycle: Cycle };

/** Pods decided before the event loop gets its turn, and bindings under way at a time. */
const slice = 50;
const maxBindings = 128;

/** Gives pods their nodes: one cycle after the other, bindings beside them. */
export class Scheduler {
  readonly #deps: SchedulerDeps;
  readonly #cache: SchedulerCache;
  readonly #queue: SchedulingQueue;
  readonly #profiles: ReadonlyMap<string, Way>;
  readonly #metrics: SchedulerMetrics;
  readonly #pods: Informer<Pod>;
  readonly #nodes: Informer<Node>;
  readonly #owners: Owners;
  readonly #volumes: VolumeBinder;
  #bindings = 0;
  /** The pod that extenders are asked about: nobody else's turn comes before they answered. */
  #asking: string | undefined;
  #pumping = false;
  #running = false;

  constructor(deps: SchedulerDeps) {
    this.#deps = deps;
    const { informers, clock, profiles = [defaultProfile] } = deps;
    const namespaces = informers.for(Namespace);
    this.#pods = informers.for(Pod, { fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed' });
    this.#nodes = informers.for(Node);
    this.#owners = ownersOf(informers);
    this.#cache = new SchedulerCache((name) => namespaces.store.get(name)?.metadata.labels ?? {});
    this.#queue = new SchedulingQueue(clock, [...profiles.flatMap(({ plugins }) => plugins), extenderEvents], () => this.#pump());
    this.#volumes = new VolumeBinder(deps, () => this.#queue.happened('VolumeChange'));
    this.#profiles = new Map(
      profiles.map((profile) => {
        const cycle = new Cycle(this.#cache.table, profile.plugins, profile.args.DefaultPreemption);
        return [profile.name, { ...profile, cycle }];
      }),
    );
    const places = ['active', 'backoff', 'unschedulable', 'gated'] as const;
    this.#metrics = schedulerMetrics(deps.metrics, () => Object.fromEntries(places.map((place) => [place, this.#queue.size(place)])));
  }

  /** Resolves when `signal` aborts. Rejects with its reason when that was before the first lists. */
  async run(signal: AbortSignal): Promise<void> {
    const unsubscribe = [
      this.#nodes.onChange((change) => this.#nodeChanged(change)),
      this.#pods.onChange((change) => this.#podChanged(change)),
      this.#volumes.listen(),
    ];
    try {
      await this.#deps.informers.start(signal);
      this.#running = true;
      this.#pump();
      if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    } finally {
      this.#running = false;
      this.#queue.close();
      for (const stop of unsubscribe) stop();
    }
  }

  #nodeChanged({ type, object }: Change<Node>): void {
    if (type === 'deleted') this.#cache.removeNode(object.metadata.name ?? '');
    else this.#happened(this.#cache.setNode(object));
  }

  #podChanged({ type, object: pod }: Change<Pod>): void {
    const key = `${pod.metadata.namespace ?? ''}/${pod.metadata.name ?? ''}`;
    if (type === 'deleted' || pod.spec?.nodeName) this.#queue.delete(key);
    try {
      if (type === 'deleted') this.#happened(this.#cache.removePod(key));
      else if (pod.spec?.nodeName) this.#happened(this.#cache.setPod(pod));
      else this.#podWaits(pod, key);
    } catch (error) {
      this.#deps.log.error('pod cannot be read', { pod: key, err: error });
    }
  }

  #podWaits(pod: Pod, key: string): void {
    if (!this.#profiles.has(profileName(pod)) || this.#cache.isAssumed(key) || this.#asking === key) return;
    if (pod.metadata.deletionTimestamp) this.#queue.delete(key);
    else this.#queue.set(podInfo(pod));
  }

  #happened(events: readonly ClusterEvent[]): void {
    for (const event of events) this.#queue.happened(event);
  }

  /** Goes on as long as pods are active, giving way to everything else in between. */
  #pump(): void {
    if (this.#pumping || !this.#running || this.#asking !== undefined) return;
    this.#pumping = true;
    this.#deps.clock.after(0, () => {
      this.#pumping = false;
      let more = true;
      for (let i = 0; more && i < slice && this.#running && this.#bindings < maxBindings; i++) more = this.#scheduleNext();
      if (more && this.#bindings < maxBindings) this.#pump();
    });
  }

  /** False when no pod is active, or extenders are asked about one. */
  #scheduleNext(): boolean {
    const queued = this.#queue.pop();
    if (!queued) return false;
    const { clock, random, extenders } = this.#deps;
    const start = clock.now();
    if (extenders?.concern(queued.info.pod)) {
      this.#asking = queued.info.key;
      void this.#scheduleAsking(queued, extenders, start);
      return false;
    }
    try {
      const around = this.#around(queued.info);
      const decision = this.#wayOf(queued.info).cycle.decide(queued.info, around, random);
      this.#metrics.algorithmDuration.observe((clock.now() - start) / 1000);
      if (decision.type === 'none') this.#refused(queued, decision.diagnosis, start, around);
      else this.#place(queued, decision.row, start, around.volumes);
    } catch (error) {
      this.#stumbled(queued, error, start);
    }
    return true;
  }

  #around({ pod }: PodInfo): Around & { readonly volumes: PodVolumes | undefined } {
    return { spreadSelector: defaultSelector(pod, this.#owners), volumes: this.#volumes.of(pod) };
  }

  async #scheduleAsking(queued: Queued, extenders: Extenders, start: number): Promise<void> {
    const { info } = queued;
    try {
      const deciding = { ...this.#wayOf(info), extenders, table: this.#cache.table, random: this.#deps.random };
      const around = this.#around(info);
      const decision = await decideWith(deciding, info, around);
      this.#metrics.algorithmDuration.observe((this.#deps.clock.now() - start) / 1000);
      const preemption = decision.type === 'none' ? await this.#preemptAsking(deciding, queued, decision.diagnosis) : undefined;
      if (!this.#stillWaits(queued)) return;
      if (decision.type === 'none') this.#giveUp(queued, decision.diagnosis, start, preemption);
      else this.#place(queued, decision.row, start, around.volumes);
    } catch (error) {
      if (this.#stillWaits(queued)) this.#stumbled(queued, error, start);
    } finally {
      this.#asking = undefined;
      this.#pump();
    }
  }

  async #preemptAsking(deciding: Deciding, { info }: Queued, diagnosis: Diagnosis): Promise<Preemption | undefined> {
    if (!this.#mayEvict(info)) return undefined;
    const found = deciding.cycle.candidates(info, this.#around(info), diagnosis, deciding.random);
    try {
      return await preemptWith(deciding, info, found);
    } catch (error) {
      this.#deps.log.error('extender failed to preempt', { pod: info.key, err: error });
      return undefined;
    }
  }

  /** Takes the pod as it is now. False when it is gone, going, or has a node; another of its name that came meanwhile is queued. */
  #stillWaits(queued: Queued): boolean {
    const { key, uid } = queued.info;
    const present = this.#pods.store.get(key);
    if (!this.#running || !present || present.metadata.deletionTimestamp || present.spec?.nodeName) return false;
    if (present.metadata.uid === uid) {
      queued.info = podInfo(present);
      return true;
    }
    this.#asking = undefined;
    this.#podWaits(present, key);
    return false;
  }

  #stumbled(queued: Queued, error: unknown, start: number): void {
    this.#deps.log.error('scheduling cycle failed', { pod: queued.info.key, err: error });
    this.#failed(queued, errorMessage(error), start);
  }

  #wayOf({ key, pod }: PodInfo): Way {
    const way = this.#profiles.get(profileName(pod));
    if (!way) throw new Error(`profile not found for pod ${key}`);
    return way;
  }

  #place(queued: Queued, row: number, start: number, volumes: PodVolumes | undefined): void {
    const { table } = this.#cache;
    const node = table.nameOf(row);
    const reservation = volumes && table.nodes[row] ? this.#volumes.reserve(volumes, table.nodes[row]) : undefined;
    this.#cache.assume(queued.info, node);
    void this.#bind(queued, node, reservation).then((bound) => {
      if (bound.type === 'bound') this.#boundTo(queued, node, start);
      else {
        reservation?.release();
        this.#unassume(queued, start, bound.type === 'failed' ? bound.why : undefined);
      }
      this.#pump();
    });
  }

  /** Volumes first. Waiting for them takes nobody's place. */
  async #bind({ info }: Queued, node: string, reservation: Reservation | undefined): Promise<Bound> {
    try {
      if (reservation) await reservation.bind(this.#wayOf(info).args.VolumeBinding.bindTimeoutSeconds * 1000);
    } catch (error) {
      return { type: 'failed', why: bindingMessage(error) };
    }
    this.#bindings++;
    try {
      return (await this.#deps.extenders?.bind(info, node)) ?? (await bind(this.#deps.api, info, node));
    } finally {
      this.#bindings--;
    }
  }

  #boundTo(queued: Queued, node: string, start: number): void {
    const { clock, events } = this.#deps;
    const now = clock.now();
    events.event(subject(queued), 'Normal', 'Scheduled', `Successfully assigned ${queued.info.key} to ${node}`);
    this.#attempted(queued, 'scheduled', start);
    this.#metrics.podAttempts.observe(queued.attempts);
    this.#metrics.sliDuration.observe({ attempts: String(Math.min(queued.attempts, 16)) }, (now - queued.firstSeenAt) / 1000);
  }

  /** Without an error the pod is gone and its place is free. */
  #unassume(queued: Queued, start: number, why: string | undefined): void {
    this.#cache.forget(queued.info.key);
    this.#queue.happened('AssignedPodDelete');
    const present = this.#pods.store.get(queued.info.key);
    if (why === undefined || present?.metadata.uid !== queued.info.uid || present.spec?.nodeName) return;
    this.#failed({ ...queued, info: podInfo(present) }, why, start);
  }

  #refused(queued: Queued, diagnosis: Diagnosis, start: number, around: Around): void {
    const { info } = queued;
    const preemption = this.#mayEvict(info) ? this.#wayOf(info).cycle.preempt(info, around, diagnosis, this.#deps.random) : undefined;
    this.#giveUp(queued, diagnosis, start, preemption);
  }

  #mayEvict(info: PodInfo): boolean {
    return !this.#victimsLeave(info) && this.#wayOf(info).preempts && mayPreempt(info.pod);
  }

  #giveUp(queued: Queued, diagnosis: Diagnosis, start: number, preemption: Preemption | undefined): void {
    const { info } = queued;
    const reasons = diagnosis.reasons ?? this.#wayOf(info).cycle.reasons;
    const why = preemption ? undefined : this.#victimsLeave(info) ? victimsLeaving : preemptionMessage(diagnosis, reasons, info);
    this.#queue.refuse(queued, refusedBy(diagnosis, reasons));
    this.#attempted(queued, 'unschedulable', start);
    this.#tell(
      queued,
      'Unschedulable',
      unschedulableMessage(diagnosis, reasons, why),
      preemption && this.#cache.table.nameOf(preemption.row),
    );
    for (const victim of preemption?.victims ?? []) this.#evict(victim, queued.info, this.#cache.table.nameOf(preemption?.row ?? 0));
  }

  /** Pods evicted for this one are still on their way out. */
  #victimsLeave({ pod, priority }: PodInfo): boolean {
    const { table } = this.#cache;
    const row = table.rowOf(pod.status?.nominatedNodeName ?? '');
    if (row === undefined) return false;
    return [...(table.pods[row]?.values() ?? [])].some((other) => other.priority < priority && other.pod.metadata.deletionTimestamp);
  }

  #evict(victim: PodInfo, { uid, pod }: PodInfo, node: string): void {
    const { api, clock, events, log } = this.#deps;
    evict(api, victim, profileName(pod), timestamp(clock)).then(
      () =>
        events.event({ ...victim.pod, apiVersion: 'v1', kind: 'Pod' }, 'Normal', 'Preempted', `Preempted by pod ${uid} on node ${node}`),
      (error) => log.error('pod could not be preempted', { pod: victim.key, err: error }),
    );
  }

  #failed(queued: Queued, message: string, start: number): void {
    this.#queue.retry(queued);
    this.#attempted(queued, 'error', start);
    this.#tell(queued, 'SchedulerError', message);
  }

  #attempted({ info }: Queued, result: 'scheduled' | 'unschedulable' | 'error', start: number): void {
    const labels = { result, profile: profileName(info.pod) };
    this.#metrics.attempts.inc(labels);
    this.#metrics.attemptDuration.observe(labels, (this.#deps.clock.now() - start) / 1000);
  }

  #tell(queued: Queued, reason: 'Unschedulable' | 'SchedulerError', message: string, nominated?: string): void {
    const { api, clock, events, log } = this.#deps;
    events.event(subject(queued), 'Warning', 'FailedScheduling', message);
    const { pod, key } = queued.info;
    const patch = unscheduledPatch(pod, reason, message, timestamp(clock), nominated);
    if (!patch) return;
    const at = { name: pod.metadata.name ?? '', namespace: queued.info.namespace };
    api.patch(Pod, at, 'application/strategic-merge-patch+json', patch, { subresource: 'status' }).catch((error) => {
      if (!(error instanceof ApiError && error.code === 404)) log.warn('pod status could not be written', { pod: key, err: error });
    });
  }
}

/** Makes a scheduler; nothing happens before `run`. */
export function createScheduler(deps: SchedulerDeps): Scheduler {
  return new Scheduler(deps);
}

function profileName(pod: Pod): string {
  return pod.spec?.schedulerName ?? defaultProfile.name;
}

function subject({ info }: Queued): Pod {
  return { ...info.pod, apiVersion: 'v1', kind: 'Pod' };
}

function ownersOf(informers: Informers): Owners {
  const services = informers.for(Service);
  const [replicaSets, statefulSets, controllers] = [
    informers.for(ReplicaSet),
    informers.for(StatefulSet),
    informers.for(ReplicationController),
  ];
  return {
    services: (namespace) => services.store.list(namespace),
    selectorOf(kind, namespace, name): LabelSelector | undefined {
      const key = `${namespace}/${name}`;
      if (kind === 'ReplicaSet') return replicaSets.store.get(key)?.spec?.selector;
      if (kind === 'StatefulSet') return statefulSets.store.get(key)?.spec?.selector;
      const plain = kind === 'ReplicationController' ? controllers.store.get(key)?.spec?.selector : undefined;
      return plain && { matchLabels: plain };
    },
  };
}
