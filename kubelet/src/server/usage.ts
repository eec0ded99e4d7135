import type { Clock } from '@keelson/base';
import type { Runtime } from '../cri/types.ts';
import type { PodRecord } from '../worker/record.ts';
import type { NodeUsage, UsageInput } from './summary.ts';

interface Sample {
  readonly at: number;
  readonly nanos: bigint;
}

/** Usage numbers on demand; rates are over the time since they were last asked for (at least a second). */
export class Usage {
  readonly #nodeName: string;
  readonly #clock: Clock;
  readonly #runtime: Runtime;
  readonly #node: () => Promise<NodeUsage>;
  #samples = new Map<string, Sample>();
  #rates = new Map<string, number>();

  constructor(nodeName: string, clock: Clock, runtime: Runtime, node: () => Promise<NodeUsage>) {
    this.#nodeName = nodeName;
    this.#clock = clock;
    this.#runtime = runtime;
    this.#node = node;
  }

  async read(records: readonly PodRecord[]): Promise<UsageInput> {
    const [stats, node] = await Promise.all([this.#runtime.containers.stats(), this.#node()]);
    const now = this.#clock.now();
    const present = new Map<string, Sample>(stats.map((each) => [each.id, { at: each.at, nanos: each.cpuNanoSecondsTotal }]));
    present.set('', { at: now, nanos: node.cpuNanoSecondsTotal });
    this.#advance(present);
    const pods = records.map((record) => ({
      pod: record.pod,
      sandboxIds: new Set(record.observed.sandboxes.map((sandbox) => sandbox.id)),
    }));
    return { nodeName: this.#nodeName, node, pods, stats, rates: this.#rates, now };
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
