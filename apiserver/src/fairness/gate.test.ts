import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom, sleep } from '@keelson/base';
import { inProcessTransport, readText, type Transport } from '@keelson/client';
import { SimulatedClock } from '@keelson/testing';
import { FlowSchema, PriorityLevelConfiguration } from '@keelson/types';
import { parseRequest } from '../http/request-info.ts';
import { sendBytes } from '../http/respond.ts';
import { type Fixture, startServer } from '../testing/fixture.ts';
import type { Gate } from './gate.ts';
import { maxInFlight } from './max-in-flight.ts';
import { PriorityAndFairness } from './priority-and-fairness.ts';

const seed = Number(process.env.SEED ?? process.hrtime()[1]);

/** A server that does nothing but keep its callers for as long as `length` says, in milliseconds. */
function serverOf(gate: Gate, clock: SimulatedClock, length: (url: string) => number) {
  return (name: string, ...groups: string[]): Transport => {
    const user = { name, groups: [...groups, 'system:authenticated'] };
    return inProcessTransport((request, response) => {
      const info = parseRequest(request.method ?? 'GET', request.url ?? '/');
      return gate.serve({ info, user, request, response }, async (leave) => {
        if (info.verb === 'watch') leave();
        await sleep(clock, length(info.path));
        await sendBytes({ request, response, query: info.query }, 200, Buffer.from('{}'));
      });
    });
  };
}

async function status(transport: Transport, path: string, signal?: AbortSignal): Promise<number> {
  const response = await transport.send({ method: 'GET', path, ...(signal ? { signal } : {}) });
  await readText(response);
  return response.status;
}

async function withGate(total: number, use: (gate: PriorityAndFairness, clock: SimulatedClock, fixture: Fixture) => Promise<void>) {
  const clock = new SimulatedClock();
  const fixture = await startServer({ clock });
  const end = new AbortController();
  try {
    await use(new PriorityAndFairness(fixture.server.registry, total, end.signal), clock, fixture);
  } finally {
    end.abort();
    await fixture.close();
  }
  assert.equal(clock.pending, 0, 'what has ended waits for nothing');
}

const accounts = ['system:serviceaccounts', 'system:serviceaccounts:default'];
const levelIn = (gate: PriorityAndFairness, name: string) => {
  const level = [...gate.levels.all].find((one) => one.name === name);
  assert.ok(level);
  return level;
};

interface Load {
  readonly gate: Gate;
  readonly clock: SimulatedClock;
  readonly random: Random;
  /** Requests that the flood keeps under way. */
  readonly flood: number;
}

/** How long a quiet user's requests take, of a hundred the second longest, while another floods the same level. Milliseconds. */
async function quietP99({ gate, clock, random, flood }: Load): Promise<number> {
  const connect = serverOf(gate, clock, () => 20 + 60 * random.next());
  const [loud, quiet] = ['loud', 'quiet'].map((name) => connect(`system:serviceaccount:default:${name}`, ...accounts)) as [
    Transport,
    Transport,
  ];
  let over = false;
  const pour = async (): Promise<void> => {
    while (!over) if ((await status(loud, '/api/v1/namespaces/default/pods/a')) === 429) await sleep(clock, 1_000);
  };
  const poured = Array.from({ length: flood }, pour);
  await clock.advance(200);
  const took: number[] = [];
  for (let i = 0; i < 150; i++) {
    const start = clock.now();
    const asked = status(quiet, '/api/v1/namespaces/default/pods/a').then((code) => {
      assert.equal(code, 200);
      took.push(clock.now() - start);
    });
    await clock.advance(60 * random.next());
    if (i % 10 === 0) await clock.runUntil(() => took.length > i, 10_000);
    void asked;
  }
  await clock.runUntil(() => took.length === 150, 10_000);
  over = true;
  await clock.advance(10_000);
  await Promise.all(poured);
  return took.toSorted((a, b) => a - b)[Math.floor(took.length * 0.99) - 1] as number;
}

test("a flood by one user slows another's p99 by less than half", async (t) => {
  t.diagnostic(`SEED=${seed}`);
  const measure = async (flood: number): Promise<number> => {
    let p99 = 0;
    await withGate(100, async (gate, clock) => {
      p99 = await quietP99({ gate, clock, random: seededRandom(seed), flood });
    });
    return p99;
  };
  const [alone, flooded] = [await measure(0), await measure(400)];
  t.diagnostic(`p99 alone ${alone.toFixed(1)} ms, flooded ${flooded.toFixed(1)} ms of the simulated clock`);
  assert.ok(flooded < alone * 1.5, `${flooded} of ${alone} ms (SEED=${seed})`);
});

test('the same flood does slow another who shares its queue', async () => {
  await withGate(100, async (gate, clock, { api }) => {
    const limitResponse = { type: 'Queue', queuing: { queues: 1, handSize: 1, queueLengthLimit: 500 } };
    const annotations = { 'apf.kubernetes.io/autoupdate-spec': 'false' };
    const patch = { metadata: { annotations }, spec: { limited: { limitResponse } } };
    await api.patch(PriorityLevelConfiguration, { name: 'workload-low' }, 'application/merge-patch+json', patch);
    await clock.settle();
    const flooded = await quietP99({ gate, clock, random: seededRandom(seed), flood: 400 });
    assert.ok(flooded > 200, `${flooded} ms`);
  });
});

test('who waits too long or goes is not served', async () => {
  await withGate(1, async (gate, clock) => {
    const ann = serverOf(gate, clock, (path) => (path === '/long' ? 20_000 : 1))('ann');
    const long = status(ann, '/long');
    await clock.settle();
    const waits = status(ann, '/short');
    const leaves = new AbortController();
    const left = status(ann, '/short', leaves.signal).catch(() => 'left');
    await clock.settle();
    const { set } = levelIn(gate, 'global-default');
    assert.equal(set.waiting, 2);
    leaves.abort();
    assert.equal(await left, 'left');
    assert.equal(set.waiting, 1);
    await clock.advance(14_900);
    const comes = status(ann, '/short');
    await clock.advance(200);
    assert.equal(await waits, 429);
    await clock.advance(5_000);
    assert.deepEqual([await long, await comes], [200, 200]);
    const account = [...gate.levels.accounts].find(({ level }) => level === 'global-default');
    assert.deepEqual(Object.fromEntries(account?.rejected ?? []), { cancelled: 1, 'time-out': 1 });
    assert.deepEqual([account?.waiting, account?.executing, account?.dispatched], [0, 0, 2]);
    assert.equal(set.executing.size + set.waiting + set.seats, 0);
  });
});

test('what lasts from its beginning takes no seat, and a watch leaves early', async () => {
  await withGate(1, async (gate, clock) => {
    const ann = serverOf(gate, clock, () => 1_000)('ann');
    const paths = [
      '/api/v1/namespaces/a/pods/b/log?follow=true',
      '/api/v1/namespaces/a/pods/b/exec',
      '/api/v1/pods?watch=1&resourceVersion=5',
    ];
    const asked = [...paths, ...paths, '/version'].map((path) => status(ann, path));
    await clock.settle();
    assert.equal(levelIn(gate, 'global-default').set.executing.size, 1);
    assert.equal(levelIn(gate, 'global-default').set.waiting, 0);
    await clock.advance(1_000);
    assert.deepEqual(new Set(await Promise.all(asked)), new Set([200]));
  });
});

test('lists take seats for what they show', async () => {
  await withGate(600, async (gate, clock, { send }) => {
    for (let i = 0; i < 250; i++) await send('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: `c${i}` } });
    const ann = serverOf(gate, clock, () => 10)('ann');
    const { set } = levelIn(gate, 'global-default');
    const seats = async (path: string): Promise<number> => {
      const asked = status(ann, path);
      await clock.settle();
      const taken = set.seats;
      await clock.advance(10);
      await asked;
      return taken;
    };
    const path = '/api/v1/namespaces/default/configmaps';
    assert.equal(await seats(path), 3);
    assert.equal(await seats(`${path}?limit=100`), 1);
    assert.equal(await seats(`${path}?fieldSelector=metadata.name%3Dc1`), 1);
    assert.equal(await seats(`${path}/c1`), 1);
    assert.equal(await seats('/apis/other.example.com/v1/things'), 1);
  });
});

test('seats are lent to who needs them, and come back', async () => {
  await withGate(100, async (gate, clock) => {
    const low = levelIn(gate, 'workload-low');
    const loud = serverOf(gate, clock, () => 100)('system:serviceaccount:default:loud', ...accounts);
    let over = false;
    const pour = async (): Promise<void> => {
      while (!over) await status(loud, '/version');
    };
    const poured = Array.from({ length: 150 }, pour);
    await clock.advance(1_000);
    assert.equal(low.set.executing.size, 41, 'its own at first');
    await clock.advance(10_000);
    assert.ok(low.current > 50, `${low.current} seats`);
    assert.ok(low.set.executing.size > 50);
    assert.ok([...gate.levels.all].every(({ current, limits }) => current >= limits.lower && current <= limits.upper));
    over = true;
    await clock.advance(20_000);
    await Promise.all(poured);
    assert.ok([...gate.levels.all].every(({ current, limits }) => current === limits.nominal));
  });
});

test('a level that is deleted finishes what it has', async () => {
  await withGate(10, async (gate, clock, { api }) => {
    const queuing = { queues: 1, handSize: 1, queueLengthLimit: 5 };
    const limited = { nominalConcurrencyShares: 1, lendablePercent: 0, limitResponse: { type: 'Queue', queuing } };
    await api.create(PriorityLevelConfiguration, { metadata: { name: 'mine' }, spec: { type: 'Limited', limited } });
    const rules = [{ subjects: [{ kind: 'User', user: { name: 'ann' } }], nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }] }];
    const spec = { priorityLevelConfiguration: { name: 'mine' }, matchingPrecedence: 5, rules };
    await api.create(FlowSchema, { metadata: { name: 'mine' }, spec });
    await clock.settle();
    const ann = serverOf(gate, clock, () => 100)('ann');
    const asked = [1, 2, 3].map(() => status(ann, '/version'));
    await clock.settle();
    const mine = levelIn(gate, 'mine');
    assert.deepEqual([mine.set.executing.size, mine.set.waiting], [1, 2]);
    await api.delete(PriorityLevelConfiguration, { name: 'mine' });
    await clock.settle();
    assert.equal(mine.quiescing, true);
    asked.push(status(ann, '/version'));
    await clock.advance(300);
    assert.deepEqual(await Promise.all(asked), [200, 200, 200, 200]);
  });
});

test('without fairness there are two counts', async () => {
  const clock = new SimulatedClock();
  const connect = serverOf(maxInFlight({ reading: 2, writing: 1 }), clock, () => 10);
  const ann = connect('ann');
  const asked = [1, 2, 3].map(() => status(ann, '/version'));
  asked.push(status(connect('root', 'system:masters'), '/version'), status(ann, '/api/v1/pods?watch=1'));
  const written = ['POST', 'DELETE'].map((method) => ann.send({ method: method as 'POST', path: '/api/v1/namespaces/a/pods' }));
  await clock.advance(10);
  assert.deepEqual(await Promise.all(asked), [200, 200, 429, 200, 200]);
  assert.deepEqual(
    (await Promise.all(written)).map((response) => response.status),
    [200, 429],
  );
  const later = status(ann, '/version');
  await clock.advance(10);
  assert.equal(await later, 200);
});
