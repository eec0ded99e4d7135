import { errorMessage, every, WorkQueue } from '@keelson/base';
import type { Pod, PodStatus } from '@keelson/types';
import { withAllocation } from '../pod/allocation.ts';
import { allContainers, type PodObservation } from '../pod/containers.ts';
import { podKey, podUid } from '../pod/naming.ts';
import { isEnding, step } from '../pod/step.ts';
import { type Action, operationKey, type ProbeReading, type StepInput } from '../pod/types.ts';
import type { Probed, ProbeManager } from '../probe/manager.ts';
import { Allocations } from './allocations.ts';
import type { WorkerDeps } from './deps.ts';
import { perform } from './operations.ts';
import { PodRecord } from './record.ts';
import { cleanUpPod, removeContainers } from './stop.ts';
import { hasLiveVolumes } from './volumes.ts';

/** How long an operation that failed is kept open, so that the step does not ask for it again at once. */
const holdFailed = 1_000;

/** Room for a resize may come in ways nobody tells of. */
const retryEvery = 180_000;

/** Steps computed at the same time; they hardly take time, operations run beside them. */
const parallel = 16;

/** What else knows of the pods. */
export interface Surroundings {
  /** The API object that shows a pod's status: itself, or its mirror. */
  shownBy(pod: Pod): Pod | undefined;
  /** Nothing of a pod is left on the node; `status` was its last. */
  ended(pod: Pod, status: PodStatus | undefined): void;
}

/**
 * The loops of all pods on this node. A pod's loop looks, steps, reports and sets operations going; each operation that ends sets it
 * going again, so that nothing waits for the next relist.
 */
export class PodWorkers {
  readonly #deps: WorkerDeps;
  readonly #probes: ProbeManager;
  readonly #allocations: Allocations;
  readonly #records = new Map<string, PodRecord>();
  readonly #queue: WorkQueue;
  readonly #surroundings: Surroundings;

  constructor(deps: WorkerDeps, probes: ProbeManager, surroundings: Surroundings) {
    this.#deps = deps;
    this.#probes = probes;
    this.#surroundings = surroundings;
    this.#queue = new WorkQueue(deps.clock);
    this.#allocations = new Allocations(
      deps,
      () => this.all,
      (uid) => this.poke(uid),
    );
  }

  /** A pod that is to be on this node, or its newest version. */
  update(pod: Pod): void {
    const uid = podUid(pod);
    const record = this.#records.get(uid) ?? new PodRecord(pod, this.#deps.clock.now());
    if (shownMetadata(record.pod) !== shownMetadata(pod)) record.volumesStale = hasLiveVolumes(pod);
    record.desired = pod;
    record.pod = record.allocation ? withAllocation(pod, record.allocation) : pod;
    record.removed = false;
    this.#records.set(uid, record);
    this.#queue.add(uid);
  }

  /** A pod that no source names any more: what runs of it is ended and removed. */
  remove(pod: Pod): void {
    const record = this.#records.get(podUid(pod)) ?? new PodRecord(pod, this.#deps.clock.now());
    record.removed = true;
    this.#records.set(record.uid, record);
    this.#queue.add(record.uid);
  }

  /** The runtime says that something of the pod changed. */
  changed(uid: string): void {
    const record = this.#records.get(uid);
    if (!record) return;
    record.stale = true;
    this.#queue.add(uid);
  }

  /** What the volumes of these pods show may have changed. */
  refresh(uids: Iterable<string>): void {
    for (const uid of uids) {
      const record = this.#records.get(uid);
      if (!record?.volumesMounted || !hasLiveVolumes(record.pod)) continue;
      record.volumesStale = true;
      this.#queue.add(uid);
    }
  }

  /** Something else that the step reads changed: probes, a verdict, the node. */
  poke(uid: string): void {
    if (this.#records.has(uid)) this.#queue.add(uid);
  }

  /** What kept pods from `what` (a key of their failures) is over: none waits for its back-off. */
  retry(what: string): void {
    for (const record of this.#records.values()) if (record.failures.delete(what)) this.#queue.add(record.uid);
  }

  /** Frees what containers of pods that have ended still hold: what they wrote, and their logs. @throws RuntimeError */
  async removeEnded(): Promise<void> {
    const ended = this.all.filter(({ status, observed, volumesHeld }) => {
      return isFinal(status) && !volumesHeld && observed.containers.every(({ phase }) => phase === 'exited');
    });
    for (const record of ended) {
      await removeContainers(this.#deps, record);
      this.changed(record.uid);
    }
  }

  get(uid: string): PodRecord | undefined {
    return this.#records.get(uid);
  }

  get all(): readonly PodRecord[] {
    return [...this.#records.values()];
  }

  /** The pods that have not ended. */
  get active(): readonly Pod[] {
    return this.all.filter(({ status }) => !isFinal(status)).map(({ pod }) => pod);
  }

  /** Nothing to do until something changes or time passes. */
  get idle(): boolean {
    return this.#queue.depth === 0 && this.all.every((record) => record.operations.size === 0 && !record.stale);
  }

  /** Runs until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#queue.close(), { once: true });
    if (signal.aborted) this.#queue.close();
    const complain = (error: unknown): void => this.#deps.log.warn('cannot look at resizes', { error: errorMessage(error) });
    const retrying = every(this.#deps.clock, retryEvery, signal, async () => this.#allocations.retry(), complain);
    await Promise.all([retrying, ...Array.from({ length: parallel }, () => this.#loop())]);
  }

  async #loop(): Promise<void> {
    for (let uid = await this.#queue.take(); uid !== undefined; uid = await this.#queue.take()) {
      try {
        await this.#sync(uid);
        this.#queue.forget(uid);
      } catch (error) {
        this.#deps.log.warn('pod worker failed', { uid, error: errorMessage(error) });
        const record = this.#records.get(uid);
        if (record) record.stale = true;
        this.#queue.retry(uid);
      } finally {
        this.#queue.done(uid);
      }
    }
  }

  async #sync(uid: string): Promise<void> {
    const record = this.#records.get(uid);
    if (!record) return;
    if (record.stale) {
      record.stale = false;
      record.observed = hideStarting(await this.#deps.observer.inspect(uid), record.starting);
    }
    await this.#allocations.update(record);
    // Something happened since the runtime was asked, and is queued: what was seen before it would have a container that was just started
    // taken for one that never was.
    if (record.stale) return;
    const input = this.#input(record);
    if (isEnding(input)) record.end();
    const result = step(input);
    const freed = isFinal(result.status) && !isFinal(record.status);
    record.status = result.status;
    const shownBy = record.removed ? undefined : this.#surroundings.shownBy(record.pod);
    if (shownBy) this.#deps.reporter.report(shownBy, result.status);
    this.#probes.sync(uid, this.#probed(record));
    for (const { key, type, reason, message, container } of result.events) {
      if (!record.reported.has(key)) this.#deps.event(record.pod, type, reason, message, container);
      record.reported.add(key);
    }
    for (const action of result.actions) this.#launch(record, action);
    if (result.again !== undefined) this.#queue.addAfter(uid, result.again);
    if (freed) this.#allocations.retry();
    if (result.finished && record.removed) await this.#forget(record);
  }

  #input(record: PodRecord): StepInput {
    const probes = new Map<string, ProbeReading>();
    for (const { id } of record.observed.containers) {
      const reading = this.#probes.reading(id);
      if (reading) probes.set(id, reading);
    }
    const { pod, observed, removed } = record;
    const devices = this.#deps.devices?.health(pod);
    const node = { hostIPs: this.#deps.node.hostIPs };
    return { pod, observed, memory: record, probes, devices, removed, node, now: this.#deps.clock.now() };
  }

  #launch(record: PodRecord, action: Action): void {
    const key = operationKey(action);
    if (record.operations.has(key)) return;
    record.operations.add(key);
    void perform(this.#deps, record, action)
      .catch(async (error: unknown) => {
        this.#deps.log.warn('pod operation failed', { pod: podKey(record.pod), action: action.type, error: errorMessage(error) });
        await new Promise<void>((resolve) => void this.#deps.clock.after(holdFailed, resolve));
      })
      .finally(() => {
        record.operations.delete(key);
        this.changed(record.uid);
      });
  }

  #probed(record: PodRecord): Probed[] {
    const containers = allContainers(record.pod);
    const podIP = record.status?.podIP ?? '';
    const ending = record.ending.aborted;
    return record.observed.containers.flatMap((instance) => {
      const container = instance.phase === 'running' ? containers.find((c) => c.container.name === instance.name)?.container : undefined;
      return container ? [{ podUid: record.uid, containerId: instance.id, container, podIP, startedAt: instance.startedAt, ending }] : [];
    });
  }

  async #forget(record: PodRecord): Promise<void> {
    await cleanUpPod(this.#deps, record);
    this.#probes.sync(record.uid, []);
    this.#records.delete(record.uid);
    this.#allocations.retry();
    this.#surroundings.ended(record.pod, record.status);
  }
}

function isFinal(status: PodStatus | undefined): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** What of a pod's metadata its volumes can show and that can change. */
function shownMetadata({ metadata }: Pod): string {
  return JSON.stringify([metadata?.labels, metadata?.annotations]);
}

/** A container whose postStart hook runs is not shown as running yet, as in Kubernetes. */
function hideStarting(observed: PodObservation, starting: ReadonlySet<string>): PodObservation {
  if (starting.size === 0) return observed;
  return {
    ...observed,
    containers: observed.containers.map((c) => (starting.has(c.id) && c.phase === 'running' ? { ...c, phase: 'created' } : c)),
  };
}
