import type { Clock, Timer } from '@keelson/base';
import type { Container, Probe } from '@keelson/types';
import type { ProbeReading } from '../pod/types.ts';
import type { Prober } from './prober.ts';
import { advance, type ProbeOutcome, type ProbeRun, type ProbeState, type ProbeType, periodOf, timeoutOf, undecided } from './state.ts';
import { probeTarget } from './target.ts';

/** A running container as the probes see it. */
export interface Probed {
  readonly podUid: string;
  readonly containerId: string;
  readonly container: Container;
  readonly podIP: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Liveness and startup probes end with the pod's wish to run; readiness goes on. */
  readonly ending: boolean;
}

export interface ProbeDeps {
  readonly clock: Clock;
  readonly prober: Pick<Prober, 'probe'>;
  /** A reading of this pod changed. */
  changed(podUid: string): void;
  event(podUid: string, container: string, type: 'Normal' | 'Warning', reason: string, message: string): void;
  /** Counts a finished run for `prober_probe_total`. */
  count(podUid: string, container: string, type: ProbeType, run: ProbeRun): void;
}

interface Entry {
  probed: Probed;
  readonly loops: Map<ProbeType, Loop>;
  reading: ProbeReading;
}

interface Loop {
  state: ProbeState;
  timer: Timer | undefined;
  stopped: boolean;
}

/** Runs the probes of this node's containers, each in a loop of its own. */
export class ProbeManager {
  readonly #deps: ProbeDeps;
  readonly #entries = new Map<string, Entry>();

  constructor(deps: ProbeDeps) {
    this.#deps = deps;
  }

  /** States which containers of a pod run now: new ones get their loops, those gone lose them. */
  sync(podUid: string, running: readonly Probed[]): void {
    const ids = new Set(running.map((probed) => probed.containerId));
    for (const [id, entry] of this.#entries) if (entry.probed.podUid === podUid && !ids.has(id)) this.#drop(id, entry);
    for (const probed of running) this.#update(probed);
  }

  reading(containerId: string): ProbeReading | undefined {
    return this.#entries.get(containerId)?.reading;
  }

  close(): void {
    for (const [id, entry] of this.#entries) this.#drop(id, entry);
  }

  #update(probed: Probed): void {
    const { containerId, container, ending } = probed;
    const entry: Entry = this.#entries.get(containerId) ?? { probed, loops: new Map(), reading: {} };
    entry.probed = probed;
    this.#entries.set(containerId, entry);
    for (const type of ['startup', 'liveness', 'readiness'] as const) {
      const probe = probeOf(container, type);
      const wanted =
        probe && !(ending && type !== 'readiness') && (type === 'startup' || !container.startupProbe || entry.reading.started === true);
      if (probe && wanted && !entry.loops.has(type)) this.#begin(entry, type, probe);
      if (ending && type !== 'readiness') stop(entry.loops.get(type));
    }
  }

  #begin(entry: Entry, type: ProbeType, probe: Probe): void {
    const loop: Loop = { state: undecided, timer: undefined, stopped: false };
    entry.loops.set(type, loop);
    const delay = entry.probed.startedAt + Number(probe.initialDelaySeconds ?? 0) * 1000 - this.#deps.clock.now();
    loop.timer = this.#deps.clock.after(Math.max(delay, 0), () => void this.#run(entry, type, probe, loop));
  }

  async #run(entry: Entry, type: ProbeType, probe: Probe, loop: Loop): Promise<void> {
    const began = this.#deps.clock.now();
    const outcome = await this.#ask(entry.probed, probe);
    if (loop.stopped) return;
    const seconds = (this.#deps.clock.now() - began) / 1000;
    this.#deps.count(entry.probed.podUid, entry.probed.container.name, type, { ...outcome, seconds });
    this.#report(entry.probed, type, outcome);
    loop.state = advance(loop.state, outcome, probe);
    const before = entry.reading;
    entry.reading = read(before, type, loop.state.result);
    // A startup probe has done its work with the first success; a container found dead is waited for to be killed.
    const over = (type === 'startup' && loop.state.result === 'success') || entry.reading.failed !== undefined;
    if (over) stop(loop);
    else
      loop.timer = this.#deps.clock.after(
        Math.max(began + periodOf(probe) - this.#deps.clock.now(), 0),
        () => void this.#run(entry, type, probe, loop),
      );
    if (type === 'startup' && entry.reading.started) this.#update(entry.probed);
    if (JSON.stringify(before) !== JSON.stringify(entry.reading)) this.#deps.changed(entry.probed.podUid);
  }

  async #ask(probed: Probed, probe: Probe): Promise<ProbeOutcome> {
    try {
      const target = probeTarget(probe, probed.container, probed.podIP);
      return await this.#deps.prober.probe(target, probed.containerId, timeoutOf(probe));
    } catch (error) {
      return { result: 'unknown', message: error instanceof Error ? error.message : String(error) };
    }
  }

  #report(probed: Probed, type: ProbeType, outcome: ProbeOutcome): void {
    if (outcome.result === 'success' && !outcome.warns) return;
    const verb = { success: 'warning', failure: 'failed', unknown: 'errored' }[outcome.result];
    const message = `${type.charAt(0).toUpperCase()}${type.slice(1)} probe ${verb}: ${outcome.message}`;
    this.#deps.event(probed.podUid, probed.container.name, 'Warning', outcome.warns ? 'ProbeWarning' : 'Unhealthy', message);
  }

  #drop(id: string, entry: Entry): void {
    for (const loop of entry.loops.values()) stop(loop);
    this.#entries.delete(id);
  }
}

function stop(loop: Loop | undefined): void {
  if (!loop) return;
  loop.stopped = true;
  loop.timer?.cancel();
}

function probeOf(container: Container, type: ProbeType): Probe | undefined {
  if (type === 'startup') return container.startupProbe;
  return type === 'liveness' ? container.livenessProbe : container.readinessProbe;
}

function read(before: ProbeReading, type: ProbeType, result: 'success' | 'failure' | undefined): ProbeReading {
  if (result === undefined) return before;
  if (type === 'readiness') return { ...before, ready: result === 'success' };
  if (result === 'failure') return { ...before, failed: type };
  return type === 'startup' ? { ...before, started: true } : before;
}
