import { timestamp } from '@keelson/base';
import { ApiError } from '@keelson/client';
import type { Informer } from '@keelson/runtime';
import { Pod, PodDisruptionBudget } from '@keelson/types';
import type { PodInfo } from './cache/pod-info.ts';
import type { NodeTable } from './cache/table.ts';
import type { Around, Cycle, Diagnosis } from './cycle/cycle.ts';
import { mayPreempt, neverPreempts, preemptionMessage, victimsLeaving } from './cycle/message.ts';
import type { Nominations } from './cycle/nominations.ts';
import { type Attempts, cheapest, type Preemption } from './cycle/preemption.ts';
import type { SchedulerDeps } from './deps.ts';
import { evict } from './evict.ts';

/** What looking for others to evict came to: a node, or why there is none. `hindered`: nobody was looked for. */
export type Preempting =
  | { readonly type: 'node'; readonly preemption: Preemption }
  | { readonly type: 'none'; readonly why: string; readonly hindered?: true };

/** By whom a pod is decided, as far as preemption goes. */
interface Way {
  readonly name: string;
  readonly cycle: Cycle;
}

/** Chooses among nodes with victims. */
type Choose = (attempts: Attempts) => Preemption | undefined | Promise<Preemption | undefined>;

/** DefaultPreemption: finds whom to evict for a pod that fits nowhere, and does it beside the cycles. */
export class Preemptor {
  readonly #deps: SchedulerDeps;
  readonly #table: NodeTable;
  readonly #nominations: Nominations;
  readonly #budgets: Informer<PodDisruptionBudget>;
  readonly #done: (key: string, failed: boolean) => void;
  /** Pods whose victims are being told, by how many. */
  readonly #busy = new Map<string, number>();

  /** @param done called when all victims of a pod were told, or telling one failed */
  constructor(deps: SchedulerDeps, table: NodeTable, nominations: Nominations, done: (key: string, failed: boolean) => void) {
    this.#deps = deps;
    this.#table = table;
    this.#nominations = nominations;
    this.#done = done;
    this.#budgets = deps.informers.for(PodDisruptionBudget);
  }

  /** Such a pod is not tried: its victims have not all been told yet. */
  isBusy(key: string): boolean {
    return this.#busy.has(key);
  }

  /** Whom to evict. Changes nothing. */
  look(way: Way, info: PodInfo, around: Around, diagnosis: Diagnosis): Preempting {
    const hindered = this.#hindrance(info, diagnosis);
    if (hindered !== undefined) return { type: 'none', why: hindered, hindered: true };
    const attempts = this.#attempts(way, info, around, diagnosis);
    return outcome(cheapest(attempts.found), attempts, way, diagnosis);
  }

  /** The same, where others have a say. */
  async lookAsking(way: Way, info: PodInfo, around: Around, diagnosis: Diagnosis, choose: Choose): Promise<Preempting> {
    const hindered = this.#hindrance(info, diagnosis);
    if (hindered !== undefined) return { type: 'none', why: hindered, hindered: true };
    const attempts = this.#attempts(way, info, around, diagnosis);
    return outcome(await choose(attempts), attempts, way, diagnosis);
  }

  /** Evicts the victims, and takes the node away from less important pods that wait for it. */
  carryOut(info: PodInfo, { row, victims }: Preemption): void {
    const node = this.#table.nameOf(row);
    for (const other of this.#nominations.below(info.priority, node)) this.#denominate(other);
    this.#nominations.set(info, node);
    const going = victims.filter(({ pod }) => !pod.metadata.deletionTimestamp);
    if (going.length === 0) return;
    this.#busy.set(info.key, going.length);
    for (const victim of going) void this.#evict(victim, info, node);
  }

  #attempts({ cycle }: Way, info: PodInfo, around: Around, diagnosis: Diagnosis): Attempts {
    return cycle.candidates(info, around, diagnosis, { budgets: this.#budgets.store.list(), random: this.#deps.random });
  }

  #hindrance({ pod, priority }: PodInfo, { resolvable }: Diagnosis): string | undefined {
    if (!mayPreempt(pod)) return neverPreempts;
    const row = this.#table.rowOf(pod.status?.nominatedNodeName ?? '');
    if (row === undefined || !resolvable.includes(row)) return undefined;
    const leaves = [...(this.#table.pods[row]?.values() ?? [])].some((other) => other.priority < priority && isBeingPreempted(other.pod));
    return leaves ? victimsLeaving : undefined;
  }

  async #evict(victim: PodInfo, { key, uid, pod }: PodInfo, node: string): Promise<void> {
    const { api, clock, events, log } = this.#deps;
    let failed = false;
    try {
      await evict(api, victim, pod.spec?.schedulerName ?? '', timestamp(clock));
      const about = { ...victim.pod, apiVersion: 'v1', kind: 'Pod' };
      events.event(about, 'Normal', 'Preempted', `Preempted by pod ${uid} on node ${node}`);
    } catch (error) {
      failed = true;
      log.error('pod could not be preempted', { pod: victim.key, err: error });
    }
    const left = (this.#busy.get(key) ?? 1) - 1;
    if (left > 0 && !failed) this.#busy.set(key, left);
    else if (this.#busy.delete(key)) this.#done(key, failed);
  }

  #denominate({ key, namespace, pod }: PodInfo): void {
    this.#nominations.delete(key);
    const at = { name: pod.metadata.name ?? '', namespace };
    const patch = { status: { nominatedNodeName: null } };
    this.#deps.api.patch(Pod, at, 'application/strategic-merge-patch+json', patch, { subresource: 'status' }).catch((error) => {
      if (!(error instanceof ApiError && error.code === 404))
        this.#deps.log.warn('nomination could not be cleared', { pod: key, err: error });
    });
  }
}

function outcome(chosen: Preemption | undefined, { refused }: Attempts, { cycle }: Way, diagnosis: Diagnosis): Preempting {
  if (chosen) return { type: 'node', preemption: chosen };
  return { type: 'none', why: preemptionMessage(diagnosis, cycle.reasons, refused) };
}

/** On its way out for the sake of another pod. */
function isBeingPreempted({ metadata, status }: Pod): boolean {
  const told = status?.conditions?.some(
    ({ type, status: is, reason }) => type === 'DisruptionTarget' && is === 'True' && reason === 'PreemptionByScheduler',
  );
  return metadata.deletionTimestamp !== undefined && told === true;
}
