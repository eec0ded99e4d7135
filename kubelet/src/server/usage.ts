import type { Clock } from '@keelson/base';
import type { ContainerStats, Runtime } from '../cri/types.ts';
import type { Footprint } from '../footprint/types.ts';
import { podUid } from '../pod/naming.ts';
import type { PodRecord } from '../worker/record.ts';
import { type ContainerUsage, type Meter, type PodUsage, podCpu, type UsageInput } from './usage-types.ts';

interface Sample {
  readonly at: number;
  readonly nanos: bigint;
}

export interface UsageDeps {
  readonly nodeName: string;
  readonly clock: Clock;
  readonly runtime: Pick<Runtime, 'containers'>;
  readonly meter: Meter;
  footprint(record: PodRecord): Promise<Footprint>;
}

/** Usage numbers on demand; rates are over the time since they were last asked for (at least a second). */
export class Usage {
  readonly #deps: UsageDeps;
  #samples = new Map<string, Sample>();
  #rates = new Map<string, number>();

  constructor(deps: UsageDeps) {
    this.#deps = deps;
  }

  /** Of pods that have a container; others use nothing yet. `whole`: and what they take of the disk, and what went over their networks. @throws RuntimeError when the runtime does not answer. */
  async read(records: readonly PodRecord[], whole = false): Promise<UsageInput> {
    const { clock, meter, nodeName, runtime } = this.#deps;
    const [stats, node] = await Promise.all([runtime.containers.stats(), meter.node()]);
    const all = await Promise.all(records.map((record) => this.#pod(record, stats, whole)));
    const pods = all.filter(({ containers }) => containers.length > 0);
    const now = clock.now();
    const present = new Map<string, Sample>([['', { at: now, nanos: node.cpuNanoSecondsTotal }]]);
    if (node.pods) present.set('pods', { at: now, nanos: node.pods.cpuNanoSecondsTotal });
    for (const each of pods) {
      present.set(`pod/${podUid(each.pod)}`, { at: each.cgroup ? now : (each.containers[0]?.at ?? now), nanos: podCpu(each) });
      for (const { id, at, cpuNanoSecondsTotal: nanos } of each.containers) present.set(id, { at, nanos });
    }
    this.#advance(present);
    return { nodeName, node, pods, rates: this.#rates, now };
  }

  async #pod(record: PodRecord, stats: readonly ContainerStats[], whole: boolean): Promise<PodUsage> {
    const { pod, observed } = record;
    const containers = stats.flatMap((each): ContainerUsage[] => {
      const state = observed.containers.find(({ id }) => id === each.id);
      if (state?.phase !== 'running') return [];
      return [{ ...each, name: state.name, startedAt: state.startedAt, image: state.image }];
    });
    if (containers.length === 0) return { pod, containers, cgroup: undefined };
    const { footprint, meter } = this.#deps;
    const cgroup = await meter.pod(pod);
    if (!whole) return { pod, containers, cgroup };
    const [taken, interfaces] = await Promise.all([footprint(record), meter.interfaces(pod)]);
    return { pod, containers, cgroup, footprint: taken, interfaces };
  }

  #advance(present: ReadonlyMap<string, Sample>): void {
    const samples = new Map<string, Sample>();
    const rates = new Map<string, number>();
    for (const [id, sample] of present) {
      const before = this.#samples.get(id);
      const ms = before ? sample.at - before.at : 0;
      const fresh = before !== undefined && ms >= 1000;
      samples.set(id, before && !fresh ? before : sample);
      rates.set(id, before && fresh ? Number(sample.nanos - before.nanos) / (ms * 1e6) : (this.#rates.get(id) ?? 0));
    }
    this.#samples = samples;
    this.#rates = rates;
  }
}
