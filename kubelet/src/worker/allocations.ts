import { errorMessage } from '@keelson/base';
import { Node, type Pod, type ResourceRequirements } from '@keelson/types';
import { podDirectory } from '../config/paths.ts';
import { podCpuRequest, shares, tierCgroup, unlimited } from '../config/resources.ts';
import {
  type Admission,
  type AdmissionFacts,
  admit,
  type Candidate,
  nodeAffinityReason,
  type Rejection,
  refusedOutright,
} from '../pod/admission.ts';
import { type Allocation, allocationOf, asksForMore, decideResize, largerRequests, withAllocation } from '../pod/allocation.ts';
import { isStatic } from '../pod/annotations.ts';
import { allContainers, latest } from '../pod/containers.ts';
import { podUid } from '../pod/naming.ts';
import { finalStatus } from '../pod/phase.ts';
import { qosClass } from '../pod/qos.ts';
import { actualResources, madeWith, resizePending, resizeStarted } from '../pod/resize.ts';
import type { WorkerDeps } from './deps.ts';
import type { PodRecord } from './record.ts';

interface Saved {
  readonly allocation: Allocation;
  readonly actuated: Readonly<Record<string, ResourceRequirements>>;
}

/** By what a pod is judged. */
interface Grounds {
  /** The node has no devices for it, and why. */
  readonly unequipped?: string;
  readonly node: Node | undefined;
}

/** Enough for a pod of very many containers. */
const largestFile = 1 << 20;

/** Remembers across restarts of the kubelet what is set aside for a pod that was resized, and what its containers were given. */
export async function saveAllocation(deps: WorkerDeps, { uid, allocation, actuated }: PodRecord): Promise<void> {
  if (!allocation) return;
  const saved: Saved = { allocation, actuated: Object.fromEntries(actuated) };
  await deps.host.write(allocationPath(deps, uid), JSON.stringify(saved), 0o600);
}

function allocationPath(deps: WorkerDeps, uid: string): string {
  return `${podDirectory(deps.node.settings.paths, uid)}/allocation.json`;
}

/**
 * Who of the node's pods has which resources. A pod is admitted with what it asks for; what it asks for later is granted when there is
 * room, to the most important pod first. Decisions take no time: two pods never get the same room.
 */
export class Allocations {
  readonly #deps: WorkerDeps;
  readonly #records: () => readonly PodRecord[];
  readonly #poke: (uid: string) => void;
  #balanced = '';

  constructor(deps: WorkerDeps, records: () => readonly PodRecord[], poke: (uid: string) => void) {
    this.#deps = deps;
    this.#records = records;
    this.#poke = poke;
  }

  /** Brings what is set aside for a pod up to what it asks for, if it can be. The pod must have been observed. */
  async update(record: PodRecord): Promise<void> {
    if (!record.allocation) await this.#admit(record);
    if (!record.removed && this.#grant(record)) await saveAllocation(this.#deps, record);
  }

  /** Looks again at the resizes that had to wait: room may have come. */
  retry(): void {
    const waiting = this.#records().filter(({ pending, removed }) => pending?.reason === 'Deferred' && !removed);
    for (const record of waiting.sort(moreImportant)) {
      const { pending } = record;
      if (this.#grant(record)) void saveAllocation(this.#deps, record).catch((error: unknown) => this.#complain(record, error));
      if (record.pending !== pending) this.#poke(record.uid);
    }
    this.#balance();
  }

  async #admit(record: PodRecord): Promise<void> {
    const fresh = record.observed.containers.length === 0;
    const file = fresh ? undefined : await this.#deps.host.readTail(allocationPath(this.#deps, record.uid), largestFile);
    const saved = file && parse(file.toString());
    for (const [id, resources] of Object.entries(saved?.actuated ?? {})) record.actuated.set(id, resources);
    const grounds = fresh && isOpen(record) ? await this.#grounds(record) : undefined;
    if (grounds) this.#judge(record, grounds);
    record.allocation = saved?.allocation ?? recovered(record);
    record.pod = withAllocation(record.desired, record.allocation);
    this.#balance();
  }

  /** What has to be waited for before a pod is judged: its devices, and what the node is. */
  async #grounds(record: PodRecord): Promise<Grounds> {
    const { node, api, devices } = this.#deps;
    const facts = node.admission();
    const unequipped = refusedOutright(candidateOf(record), facts) ? undefined : await devices?.admit(record.desired);
    if (unequipped !== undefined) return { unequipped, node: facts.node };
    // The labels that the pod was placed by may be newer than what this node has heard of itself.
    if (this.#look(record, facts.node).rejection?.reason !== nodeAffinityReason || !facts.node) return { node: facts.node };
    return { node: await api.get(Node, { name: facts.node.metadata.name ?? '' }).catch(() => facts.node) };
  }

  /** Takes the pod in or turns it away. Nothing is awaited between this last look at the others and what is set aside for the pod. */
  #judge(record: PodRecord, { unequipped, node }: Grounds): void {
    if (unequipped !== undefined) {
      this.#reject(record, { reason: 'UnexpectedAdmissionError', message: unequipped });
      return;
    }
    const { rejection, preempted } = this.#look(record, node);
    if (rejection) this.#reject(record, rejection);
    const gone = new Set(preempted.map(({ pod }) => podUid(pod)));
    for (const victim of this.#others(record)) if (gone.has(victim.uid)) this.#preempt(victim);
  }

  #look(record: PodRecord, node: Node | undefined): Admission {
    const facts = this.#withDevices({ ...this.#deps.node.admission(), node });
    return admit(candidateOf(record), this.#others(record).map(candidateOf), facts);
  }

  /** The node has at least the devices that its pods hold, even while their plugin is away. */
  #withDevices(facts: AdmissionFacts): AdmissionFacts {
    const { node } = facts;
    const allocatable = { ...node?.status?.allocatable };
    const short = [...(this.#deps.devices?.inUse() ?? [])].filter(
      ([name, held]) => name in allocatable && Number(allocatable[name]) < held,
    );
    if (!node || short.length === 0) return facts;
    for (const [name, held] of short) allocatable[name] = String(held);
    return { ...facts, node: { ...node, status: { ...node.status, allocatable } } };
  }

  #reject(record: PodRecord, { reason, message }: Rejection): void {
    record.verdict = { reason, message: `Pod was rejected: ${message}`, rejected: true };
    this.#deps.event(record.desired, 'Warning', reason, message);
  }

  #preempt(record: PodRecord): void {
    const message = 'Preempted in order to admit critical pod';
    record.verdict = { reason: 'Preempting', message, disruption: 'Pod was preempted by Kubelet to accommodate a critical pod.' };
    this.#deps.event(record.pod, 'Warning', 'Preempting', message);
    this.#poke(record.uid);
  }

  /** Decides about what the pod asks for now. Returns whether it was granted something. */
  #grant(record: PodRecord): boolean {
    const { desired, allocation, pending } = record;
    if (!allocation) return false;
    const over = desired.metadata?.deletionTimestamp || finalStatus({ pod: desired, memory: record });
    // A pod that has all it asks for runs as its source has it.
    if (record.pod === desired || over) {
      record.pending = undefined;
      return false;
    }
    const refusal = decideResize(desired, this.#others(record).map(occupied), this.#deps.node.allocatable);
    if (refusal) {
      const known = pending?.reason === refusal.reason && pending.generation === refusal.generation && pending.message === refusal.message;
      if (known) return false;
      record.pending = refusal;
      this.#deps.event(desired, 'Warning', `Resize${refusal.reason}`, resizePending(desired, refusal));
      return false;
    }
    record.pending = undefined;
    record.allocation = allocationOf(desired);
    record.pod = desired;
    record.failures.delete('/resize');
    this.#deps.event(desired, 'Normal', 'ResizeStarted', resizeStarted(desired, record.allocation));
    return true;
  }

  /** The other pods that the node has taken, by this kubelet or the one before, and that still count. */
  #others(record: PodRecord): readonly PodRecord[] {
    return this.#records().filter((other) => other !== record && isAdmitted(other));
  }

  /** Classes share the CPU as Kubernetes has it: best effort gets what is left over, burstable pods together what they ask for. */
  #balance(): void {
    const burstable = this.#records().filter(({ pod, verdict }) => qosClass(pod) === 'Burstable' && !verdict?.rejected);
    const milliCpu = burstable.reduce((sum, { pod }) => sum + podCpuRequest(pod), 0);
    if (this.#balanced === String(milliCpu)) return;
    this.#balanced = String(milliCpu);
    const { cgroups, settings } = this.#deps.node;
    for (const [tier, amount] of [['BestEffort', 0] as const, ['Burstable', milliCpu] as const])
      void cgroups
        .set(tierCgroup(tier, settings.cgroupRoot), { ...unlimited, cpuShares: shares(amount) })
        .catch((error: unknown) =>
          this.#deps.log.warn('cannot share the CPU between classes of pods', { tier, error: errorMessage(error) }),
        );
  }

  #complain(record: PodRecord, error: unknown): void {
    this.#deps.log.warn('cannot remember what is set aside for a pod', { uid: record.uid, error: errorMessage(error) });
  }
}

/** A file that a dying kubelet left half written says nothing. */
function parse(text: string): Saved | undefined {
  try {
    return JSON.parse(text) as Saved;
  } catch {
    return undefined;
  }
}

/** Where no resize was ever granted, a pod has what its containers were made with, and where there are none, what it asks for. */
function recovered({ desired, observed }: PodRecord): Allocation {
  const allocation = allocationOf(desired);
  const containers = { ...allocation.containers };
  for (const name of Object.keys(containers)) {
    const instance = latest(observed, name);
    const made = instance && madeWith(instance);
    if (made) containers[name] = made;
  }
  return { ...allocation, containers };
}

/** Nobody has decided about the pod, and it is still to run. */
function isOpen(record: PodRecord): boolean {
  const { desired, removed, verdict } = record;
  return !removed && !verdict && !desired.metadata?.deletionTimestamp && !finalStatus({ pod: desired, memory: record });
}

function isAdmitted(record: PodRecord): boolean {
  const { allocation, desired, removed, verdict } = record;
  if (removed || verdict?.rejected || finalStatus({ pod: desired, memory: record })) return false;
  return allocation !== undefined || desired.status?.startTime !== undefined;
}

function candidateOf(record: PodRecord): Candidate {
  const { desired } = record;
  return { pod: desired, occupied: () => occupied(record), isStatic: isStatic(desired), begun: desired.status?.startTime !== undefined };
}

/** What a pod occupies: what is set aside for it or, while it is being made smaller, what it still has. */
function occupied(record: PodRecord): Pod {
  const { allocation, pod, observed } = record;
  if (!allocation) return pod;
  const containers = { ...allocation.containers };
  for (const { container } of allContainers(pod)) {
    const instance = latest(observed, container.name);
    const given = containers[container.name];
    if (instance?.phase === 'running' && given)
      containers[container.name] = largerRequests(given, actualResources({ memory: record }, container, instance));
  }
  return withAllocation(pod, { ...allocation, containers });
}

/** Those that ask for no more first, then by priority, by class, and by how long they wait. */
function moreImportant(a: PodRecord, b: PodRecord): number {
  const less = (record: PodRecord): number => (record.allocation && asksForMore(record.desired, record.allocation) ? 1 : 0);
  const priority = ({ desired }: PodRecord): number => Number(desired.spec?.priority ?? 0);
  const tier = ({ desired }: PodRecord): number => (qosClass(desired) === 'Guaranteed' ? 0 : 1);
  const since = ({ status }: PodRecord): string =>
    status?.conditions?.find(({ type }) => type === 'PodResizePending')?.lastTransitionTime ?? '9';
  return less(a) - less(b) || priority(b) - priority(a) || tier(a) - tier(b) || (since(a) < since(b) ? -1 : 1);
}
