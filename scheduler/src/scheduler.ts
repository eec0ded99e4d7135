import { errorMessage, timestamp } from '@keelson/base';
import { ApiError } from '@keelson/client';
import type { Change, Informer, Informers } from '@keelson/runtime';
import { type LabelSelector, Namespace, Node, Pod, ReplicaSet, ReplicationController, Service, StatefulSet } from '@keelson/types';
import { BindCycle } from './bind-cycle.ts';
import { SchedulerCache } from './cache/cache.ts';
import { type PodInfo, podInfo } from './cache/pod-info.ts';
import { unscheduledPatch } from './condition.ts';
import { type Around, Cycle, type Diagnosis } from './cycle/cycle.ts';
import { refusedBy, unschedulableMessage } from './cycle/message.ts';
import { Nominations } from './cycle/nominations.ts';
import type { Attempts, Preemption } from './cycle/preemption.ts';
import { defaultSelector, type Owners } from './default-selector.ts';
import type { SchedulerDeps } from './deps.ts';
import { DeviceBinder } from './devices/binder.ts';
import { type Deciding, decideWith, extenderEvents, preemptWith } from './extenders/decide.ts';
import type { Extenders } from './extenders/extenders.ts';
import { type SchedulerMetrics, schedulerMetrics } from './metrics.ts';
import type { ClusterEvent, Plugin } from './plugins/types.ts';
import { type Preempting, Preemptor } from './preemptor.ts';
import { defaultProfile, type Profile } from './profiles.ts';
import { type Queued, SchedulingQueue } from './queue/queue.ts';
import { VolumeBinder } from './volumes/binder.ts';

/** A profile, what decides by it, and all that may refuse its pods. */
type Way = Profile & { readonly cycle: Cycle; readonly refusers: readonly Plugin[] };

/** What was tried for a pod that fits nowhere. */
interface Tried {
  readonly preempting: Preempting | undefined;
  readonly around: Around;
}

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
  readonly #devices: DeviceBinder;
  readonly #nominations = new Nominations();
  readonly #preemptor: Preemptor;
  readonly #binding: BindCycle;
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
    this.#preemptor = new Preemptor(deps, this.#cache.table, this.#nominations, (key, failed) => {
      if (failed) this.#queue.activate(key);
      this.#queue.recheck();
    });
    this.#queue = new SchedulingQueue({
      clock,
      delays: deps.delays,
      pluginsFor: ({ pod }) => this.#profiles.get(profileName(pod))?.refusers ?? [],
      onActive: () => this.#pump(),
      heldBy: ({ key, pod }) =>
        this.#preemptor.isBusy(key) ? 'DefaultPreemption' : this.#devices.lacksClaim(pod) ? 'DynamicResources' : undefined,
    });
    this.#volumes = new VolumeBinder(deps, (event) => this.#queue.happened(event));
    this.#devices = new DeviceBinder(deps, (event) => {
      this.#queue.happened(event);
      if (event.type === 'ResourceClaimChange') this.#queue.recheck();
    });
    this.#binding = new BindCycle({ ...deps, volumes: this.#volumes, devices: this.#devices });
    this.#profiles = new Map(
      profiles.map((profile) => {
        const cycle = new Cycle(this.#cache.table, profile.plugins, profile.args.DefaultPreemption, this.#nominations);
        return [profile.name, { ...profile, cycle, refusers: [...profile.plugins, extenderEvents] }];
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
      this.#devices.listen(),
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
    this.#happened(type === 'deleted' ? this.#cache.removeNode(object.metadata.name ?? '') : this.#cache.setNode(object));
  }

  #podChanged(change: Change<Pod>): void {
    const { type, object: pod } = change;
    const key = `${pod.metadata.namespace ?? ''}/${pod.metadata.name ?? ''}`;
    try {
      if (type !== 'deleted' && !pod.spec?.nodeName) {
        this.#nominate(pod, key, type === 'updated' ? change.old : undefined);
        this.#podWaits(pod, key);
        return;
      }
      this.#queue.delete(key);
      this.#nominations.delete(key);
      this.#happened(type === 'deleted' ? this.#cache.removePod(key) : this.#cache.setPod(pod));
    } catch (error) {
      this.#deps.log.error('pod cannot be read', { pod: key, err: error });
    }
  }

  #podWaits(pod: Pod, key: string): void {
    if (!this.#profiles.has(profileName(pod)) || this.#cache.isAssumed(key) || this.#asking === key) return;
    if (pod.metadata.deletionTimestamp) this.#queue.delete(key);
    else this.#queue.set(podInfo(pod));
  }

  /** What was decided here and is not in the pod's status yet stands until that says otherwise. */
  #nominate(pod: Pod, key: string, old: Pod | undefined): void {
    if (this.#cache.isAssumed(key) || !this.#profiles.has(profileName(pod))) return;
    const said = pod.metadata.deletionTimestamp ? undefined : pod.status?.nominatedNodeName;
    const known = old?.status?.nominatedNodeName || pod.metadata.deletionTimestamp ? undefined : this.#nominations.nodeOf(key);
    if (said || known || this.#nominations.nodeOf(key)) this.#nominations.set(podInfo(pod), said || known);
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
      for (let i = 0; more && i < slice && this.#running && this.#binding.bindings < maxBindings; i++) more = this.#scheduleNext();
      if (more && this.#binding.bindings < maxBindings) this.#pump();
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
      else this.#place(queued, decision.row, start, around);
    } catch (error) {
      this.#stumbled(queued, error, start);
    }
    return true;
  }

  #around(info: PodInfo, { pod } = info): Around {
    const devices = this.#devices.of(pod, this.#wayOf(info).args.DynamicResources);
    return { spreadSelector: defaultSelector(pod, this.#owners), volumes: this.#volumes.of(pod), devices };
  }

  async #scheduleAsking(queued: Queued, extenders: Extenders, start: number): Promise<void> {
    const { info } = queued;
    try {
      const deciding = { ...this.#wayOf(info), extenders, table: this.#cache.table, random: this.#deps.random };
      const around = this.#around(info);
      const decision = await decideWith(deciding, info, around);
      this.#metrics.algorithmDuration.observe((this.#deps.clock.now() - start) / 1000);
      const preempting = decision.type === 'none' ? await this.#preemptAsking(deciding, queued, decision.diagnosis) : undefined;
      if (!this.#stillWaits(queued)) return;
      if (decision.type === 'none') this.#giveUp(queued, decision.diagnosis, start, { preempting, around });
      else this.#place(queued, decision.row, start, around);
    } catch (error) {
      if (this.#stillWaits(queued)) this.#stumbled(queued, error, start);
    } finally {
      this.#asking = undefined;
      this.#pump();
    }
  }

  async #preemptAsking(deciding: Deciding, { info }: Queued, diagnosis: Diagnosis): Promise<Preempting | undefined> {
    const way = this.#wayOf(info);
    if (!way.preempts) return undefined;
    const choose = async ({ found }: Attempts): Promise<Preemption | undefined> => {
      try {
        return await preemptWith(deciding, info, found);
      } catch (error) {
        this.#deps.log.error('extender failed to preempt', { pod: info.key, err: error });
        return undefined;
      }
    };
    return this.#preemptor.lookAsking(way, info, this.#around(info), diagnosis, choose);
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

  #place(queued: Queued, row: number, start: number, around: Around): void {
    const { info } = queued;
    const node = this.#cache.table.nodes[row];
    if (!node) throw new Error(`row ${row} is no node`);
    const name = node.metadata.name ?? '';
    const binding = this.#binding.reserve(info, node, around);
    this.#nominations.delete(info.key);
    this.#cache.assume(info, name);
    const { VolumeBinding, DynamicResources } = this.#wayOf(info).args;
    const timeouts = { volumes: VolumeBinding.bindTimeoutSeconds * 1000, devices: DynamicResources.bindingTimeout };
    void binding.run(timeouts).then((bound) => {
      if (bound.type === 'bound') this.#boundTo(queued, name, start);
      else this.#unassume(queued, start, bound.type === 'failed' ? bound.why : undefined);
      this.#pump();
    });
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
    this.#queue.happened({ type: 'AssignedPodDelete', pod: queued.info });
    const present = this.#pods.store.get(queued.info.key);
    if (present?.status?.nominatedNodeName) this.#nominate(present, queued.info.key, undefined);
    if (why === undefined || present?.metadata.uid !== queued.info.uid || present.spec?.nodeName) return;
    this.#failed({ ...queued, info: podInfo(present) }, why, start);
  }

  #refused(queued: Queued, diagnosis: Diagnosis, start: number, around: Around): void {
    const way = this.#wayOf(queued.info);
    const preempting = way.preempts && diagnosis.nodes > 0 ? this.#preemptor.look(way, queued.info, around, diagnosis) : undefined;
    this.#giveUp(queued, diagnosis, start, { preempting, around });
  }

  #giveUp(queued: Queued, diagnosis: Diagnosis, start: number, tried: Tried): void {
    const { info } = queued;
    const { preempting } = tried;
    const reasons = diagnosis.reasons ?? this.#wayOf(info).cycle.reasons;
    this.#queue.refuse(queued, refusedBy(diagnosis, reasons));
    this.#attempted(queued, 'unschedulable', start);
    const message = unschedulableMessage(diagnosis, reasons, this.#remedies(info, tried));
    this.#tell(queued, 'Unschedulable', message, this.#nominationBy(queued, preempting));
    this.#preempt(info, preempting);
  }

  /** What was of no help. Devices are freed before anybody is evicted for the same pod. */
  #remedies(info: PodInfo, { preempting, around }: Tried): readonly string[] {
    const nodes = this.#cache.table.nodes.filter((node) => node !== undefined);
    const freeing = this.#wayOf(info).plugins.some(({ name }) => name === 'DynamicResources')
      ? [this.#devices.remedy(around.devices, info.pod, nodes)]
      : [];
    return preempting?.type === 'node' ? [] : [...freeing, ...(preempting ? [preempting.why] : [])];
  }

  /** The node to be said in the pod's status; empty for none any longer, undefined where what was said stands. */
  #nominationBy({ info }: Queued, preempting: Preempting | undefined): string | undefined {
    if (preempting?.type === 'node') return this.#cache.table.nameOf(preempting.preemption.row);
    if (preempting?.hindered) return undefined;
    this.#nominations.delete(info.key);
    return '';
  }

  #preempt(info: PodInfo, preempting: Preempting | undefined): void {
    if (!preempting || (preempting.type === 'none' && preempting.hindered)) return;
    this.#metrics.preemptionAttempts.inc();
    if (preempting.type === 'none') return;
    this.#metrics.preemptionVictims.observe(preempting.preemption.victims.length);
    this.#preemptor.carryOut(info, preempting.preemption);
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
