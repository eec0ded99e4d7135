import type { Clock } from '@keelson/base';
import type { ContainerStats, Runtime } from '../cri/types.ts';
import { podUid } from '../pod/naming.ts';
import type { PodRecord } from '../worker/record.ts';
import { type ContainerUsage, type Meter, type PodUsage, podCpu, type UsageInput } from './usage-types.ts';

interface Sample {
  readonly at: number;
  readonly nanos: bigint;
}

/** Usage numbers on demand; rates are over the time since they were last asked for (at least a second). */
export class Usage {
  readonly #nodeName: string;
  readonly #clock: Clock;
  readonly #runtime: Runtime;
  readonly #meter: Meter;
  #samples = new Map<string, Sample>();
  #rates = new Map<string, number>();

  constructor(nodeName: string, clock: Clock, runtime: Runtime, meter: Meter) {
    this.#nodeName = nodeName;
    this.#clock = clock;
    this.#runtime = runtime;
    this.#meter = meter;
  }

  /** Of pods that have a container; others use nothing yet. @throws RuntimeError when the runtime does not answer. */
  async read(records: readonly PodRecord[]): Promise<UsageInput> {
    const [stats, node] = await Promise.all([this.#runtime.containers.stats(), this.#meter.node()]);
    const all = await Promise.all(records.map((record) => this.#pod(record, stats)));
    const pods = all.filter(({ containers }) => containers.length > 0);
    const now = this.#clock.now();
    const present = new Map<string, Sample>([['', { at: now, nanos: node.cpuNanoSecondsTotal }]]);
    for (const each of pods) {
      present.set(`pod/${podUid(each.pod)}`, { at: each.cgroup ? now : (each.containers[0]?.at ?? now), nanos: podCpu(each) });
      for (const { id, at, cpuNanoSecondsTotal: nanos } of each.containers) present.set(id, { at, nanos });
    }
    this.#advance(present);
    return { nodeName: this.#nodeName, node, pods, rates: this.#rates, now };
  }

  async #pod({ pod, observed }: PodRecord, stats: readonly ContainerStats[]): Promise<PodUsage> {
    const containers = stats.flatMap((each): ContainerUsage[] => {
      const state = observed.containers.find(({ id }) => id === each.id);
      if (state?.phase !== 'running') return [];
      return [{ ...each, name: state.name, startedAt: state.startedAt, image: state.image }];
    });
    return { pod, containers, cgroup: containers.length > 0 ? await this.#meter.pod(pod) : undefined };
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
