import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '@keelson/testing';
import type { Pod } from '@keelson/types';
import type { Behaviour } from '../cri/model/options.ts';
import { TestNode } from './testnode.ts';

const lifecycle = { preStop: { exec: { command: ['goodbye'] } } };
const sidecar = (name: string): object => ({ name, image: 'nginx:1', restartPolicy: 'Always', lifecycle });
const spec = {
  restartPolicy: 'Never',
  initContainers: [sidecar('first'), sidecar('second')],
  containers: [{ name: 'app', image: 'nginx:1', lifecycle }],
};

/** A pod with two sidecars that runs and is deleted; milliseconds since then at which hooks were called and containers ended. */
class Ending {
  readonly hooks: Record<string, number> = {};
  readonly node: TestNode<SimulatedClock>;
  #asked = 0;

  constructor(behaviour: Behaviour) {
    const clock = new SimulatedClock();
    const exec = (name: string) => () => {
      this.hooks[name] = clock.now() - this.#asked;
      return { exitCode: 0, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
    };
    this.node = new TestNode(clock, { behaviour: ({ name }) => ({ ...behaviour, exec: exec(name) }) });
  }

  async run(graceSeconds: number): Promise<Record<string, number>> {
    const { node } = this;
    const pod = node.pod(spec);
    await node.clock.settle();
    this.#asked = node.clock.now();
    node.workers.update({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: 'x', deletionGracePeriodSeconds: graceSeconds } } as Pod);
    await node.clock.runUntil(() => node.deleted.length > 0);
    node.stop.abort();
    const { containers } = node.runtime;
    const states = await Promise.all((await containers.list()).map(({ id }) => containers.status(id)));
    return Object.fromEntries(states.flatMap((state) => (state ? [[state.name, state.finishedAt - this.#asked]] : [])));
  }
}

test('all hooks run at once; then sidecars end after the main container, the last one first', async () => {
  const ending = new Ending({ stopAfterMs: 2_000 });
  assert.deepEqual(await ending.run(30), { app: 2_000, second: 4_000, first: 6_000 });
  assert.deepEqual(ending.hooks, { app: 0, second: 0, first: 0 });
});

test('a hook that never returns keeps nothing alive: all end together when the grace is over', async () => {
  const ending = new Ending({ stopAfterMs: Number.POSITIVE_INFINITY });
  ending.node.runtime.streams.execSync = () => new Promise(() => undefined);
  assert.deepEqual(await ending.run(10), { app: 12_000, second: 12_000, first: 12_000 });
});

test('sidecars whose turn does not come within the grace end with what held them up', async () => {
  const ending = new Ending({ stopAfterMs: 8_000 });
  assert.deepEqual(await ending.run(5), { app: 5_000, second: 7_000, first: 7_000 });
});
