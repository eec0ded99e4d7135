import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Clock, silentLogger, systemClock, type Timer } from '@keelson/base';
import { ApiError } from '@keelson/client';
import type { Node, Pod, ResourceClaim } from '@keelson/types';
import { PluginWatcher } from '../plugins/watcher.ts';
import { type Devices, nodeDevices } from './index.ts';

/** The machine's clock, which a test can put forward: sockets need real time. */
class HurriedClock implements Clock {
  #ahead = 0;
  readonly #waiting = new Map<() => void, number>();

  now(): number {
    return systemClock.now() + this.#ahead;
  }

  after(ms: number, fn: () => void): Timer {
    const fire = (): void => {
      timer.cancel();
      if (this.#waiting.delete(fire)) fn();
    };
    const timer = systemClock.after(ms, fire);
    this.#waiting.set(fire, this.now() + ms);
    return {
      cancel: () => {
        timer.cancel();
        this.#waiting.delete(fire);
      },
    };
  }

  pass(ms: number): void {
    this.#ahead += ms;
    for (const [fire, due] of [...this.#waiting]) if (due <= this.now()) fire();
  }
}

/** A kubelet's devices on a directory of their own, for tests: its sockets are real, its cluster is `claims`. */
export interface DeviceBench {
  readonly root: string;
  readonly pods: Pod[];
  /** By name. */
  readonly claims: Map<string, ResourceClaim>;
  /** Field selectors of the resource slices taken away. */
  readonly withdrawn: string[];
  /** Uids of pods whose devices changed. */
  readonly changed: string[];
  readonly devices: Devices['devices'];
  /** Whether every source has told of its pods. */
  known: boolean;
  /** Has it be later by so much, for who asks and for who waits. */
  pass(ms: number): void;
  /** The kubelet's process ends; another takes over. */
  restart(): Promise<void>;
}

export async function deviceBench(t: TestContext): Promise<DeviceBench> {
  const root = await mkdtemp(join(tmpdir(), 'kubelet-devices-'));
  const clock = new HurriedClock();
  let running: { readonly stop: AbortController; readonly owned: Devices };
  const bench: DeviceBench = {
    root,
    pods: [],
    claims: new Map(),
    withdrawn: [],
    changed: [],
    known: true,
    get devices() {
      return running.owned.devices;
    },
    pass: (ms) => clock.pass(ms),
    async restart() {
      running.stop.abort();
      running = await start(bench, clock);
    },
  };
  running = await start(bench, clock);
  t.after(async () => {
    running.stop.abort();
    await rm(root, { recursive: true, force: true });
  });
  return bench;
}

async function start(bench: DeviceBench, clock: Clock): Promise<{ readonly stop: AbortController; readonly owned: Devices }> {
  const stop = new AbortController();
  const get = async (_: unknown, { name }: { readonly name: string }): Promise<ResourceClaim> => {
    const found = bench.claims.get(name);
    if (found) return found;
    throw new ApiError({ kind: 'Status', status: 'Failure', message: `resourceclaims.resource.k8s.io "${name}" not found` } as never, 404);
  };
  const deleteCollection = async (_: unknown, { fieldSelector = '' }): Promise<void> => void bench.withdrawn.push(fieldSelector);
  const owned = nodeDevices({
    api: { get, deleteCollection } as never,
    clock,
    log: silentLogger,
    root: bench.root,
    node: () => ({ metadata: { name: 'n1' } }) as Node,
    active: () => (bench.known ? bench.pods : undefined),
    changed: (uids) => void bench.changed.push(...uids),
    report: () => undefined,
  });
  await owned.start();
  void owned.run(stop.signal);
  const directory = join(bench.root, 'plugins_registry');
  void new PluginWatcher({ clock, log: silentLogger, directory, handlers: owned.handlers }).run(stop.signal);
  return { stop, owned };
}
