import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { seededRandom } from '@keelson/base';
import { ApiError, createApi } from '@keelson/client';
import { recordingLogger, SimulatedClock } from '@keelson/testing';
import { Lease, Pod, ReplicaSet } from '@keelson/types';
import { restrictApi } from './access.ts';
import { defineController, type Observation, runControllers } from './controller.ts';
import { createInformers } from './informers.ts';
import { ScriptedServer } from './scripted-server.ts';
import { ownerOf, ownerUid, self } from './triggers.ts';
import type { ControllerDefinition, Key, ReconcileContext } from './types.ts';

function world(t: TestContext) {
  const random = seededRandom(1);
  const server = new ScriptedServer(random);
  const clock = new SimulatedClock();
  const api = createApi(server.transport, { clock });
  const log = recordingLogger();
  const stop = new AbortController();
  t.after(() => stop.abort());
  const observed: string[] = [];
  const run = (...definitions: ControllerDefinition[]): Promise<void> =>
    runControllers(definitions, {
      api,
      informers: createInformers({ api, clock, random, log }),
      clock,
      random,
      log,
      events: () => ({ event: () => undefined }),
      signal: stop.signal,
      observe: (name: string, { type }: Observation) => observed.push(`${name} ${type}`),
    });
  return { server, clock, api, log, stop, run, observed };
}

/** A controller of ReplicaSets that does what `reconcile` says. */
function replicaSets(
  reconcile: (key: Key, context: ReconcileContext) => unknown,
  more: Partial<ControllerDefinition> = {},
): ControllerDefinition {
  return defineController({
    name: 'replicaset',
    reads: [ReplicaSet, Pod],
    writes: [Pod, 'replicasets/status'],
    triggers: [self(ReplicaSet), ownerOf(Pod, ReplicaSet)],
    reconcile: async (key, context) => (await reconcile(key, context)) as { again: number } | undefined,
    ...more,
  });
}

const web = { metadata: { name: 'web', namespace: 'n', uid: 'u' } };
const child = (owner: string) => ({
  metadata: {
    name: 'p',
    namespace: 'n',
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: `${owner}-uid`, controller: true }],
  },
});

test('keys are reconciled for what is there, for every change and for both owners of what moved', async (t) => {
  const { server, clock, run, stop, observed } = world(t);
  server.put('replicasets', web);
  const keys: Key[] = [];
  let children = 0;
  const running = run(
    replicaSets((key, context) => {
      keys.push(key);
      children = context.of(Pod).byIndex(ownerUid, 'old-uid').length;
    }),
  );
  await clock.settle();
  assert.deepEqual(keys.splice(0), ['n/web']);
  server.put('replicasets', web);
  await clock.settle();
  assert.deepEqual(keys.splice(0), ['n/web'], 'one change is looked at once');
  server.put('pods', child('old'));
  await clock.settle();
  assert.deepEqual([keys.splice(0), children], [['n/old'], 1]);
  server.put('pods', child('new'));
  await clock.settle();
  assert.deepEqual(keys.splice(0).sort(), ['n/new', 'n/old']);
  server.remove('pods/n/p');
  await clock.settle();
  assert.deepEqual(keys, ['n/new']);
  assert.deepEqual(observed.slice(0, 3), ['replicaset added', 'replicaset started', 'replicaset finished']);
  stop.abort();
  await running;
});

test('a failing key backs off and is heard of; conflicts only whisper', async (t) => {
  const { server, clock, run, log } = world(t);
  server.put('replicasets', web);
  const times: number[] = [];
  const start = clock.now();
  void run(
    replicaSets(() => {
      times.push(clock.now() - start);
      if (times.length === 1) throw new ApiError({ reason: 'Conflict', message: 'changed meanwhile' }, 409);
      if (times.length < 4) throw new Error('no luck');
    }),
  );
  await clock.advance(1000);
  assert.deepEqual(times, [0, 5, 15, 35]);
  assert.deepEqual(
    log.entries.filter(({ message }) => message.startsWith('error syncing')).map(({ level, message }) => `${level} ${message}`),
    ['debug error syncing n/web: changed meanwhile', 'error error syncing n/web: no luck', 'error error syncing n/web: no luck'],
  );
});

test('a key asks to be looked at again, and resync looks at all', async (t) => {
  const { server, clock, run } = world(t);
  server.put('replicasets', web);
  const times: number[] = [];
  const start = clock.now();
  void run(
    replicaSets(
      () => {
        times.push(clock.now() - start);
        return times.length === 1 ? { again: 300 } : undefined;
      },
      { resyncEvery: 1000 },
    ),
  );
  await clock.advance(2500);
  assert.deepEqual(times, [0, 300, 1000, 2000]);
});

test('stopping waits for the work in hand', async (t) => {
  const { server, clock, run, stop } = world(t);
  server.put('replicasets', web);
  let finish = (): void => undefined;
  let stopped = false;
  const running = run(replicaSets(() => new Promise<void>((resolve) => (finish = resolve)))).then(() => {
    stopped = true;
  });
  await clock.settle();
  stop.abort();
  await clock.settle();
  assert.equal(stopped, false);
  finish();
  await running;
});

test('what is not declared to be read or written throws', async (t) => {
  const { server, clock, run, log, api } = world(t);
  server.put('replicasets', web);
  void run(replicaSets((_, context) => context.of(Lease)));
  await clock.settle();
  assert.match(log.entries.at(-1)?.message ?? '', /controller replicaset declares that it reads Lease/);

  const restricted = restrictApi(
    api,
    replicaSets(() => undefined),
  );
  const key = { name: 'web', namespace: 'n' };
  await assert.rejects(restricted.delete(ReplicaSet, key), /controller replicaset declares that it writes replicasets.apps/);
  await assert.rejects(restricted.get(Lease, key), /declares that it reads leases.coordination.k8s.io/);
  await assert.rejects(restricted.raw({ method: 'POST', path: '/x' }), /declares that it writes \*/);
  const stored = await restricted.get(ReplicaSet, key);
  await restricted.update(ReplicaSet, stored, { subresource: 'status' });
  assert.throws(
    () => defineController({ name: 'x', reads: [], writes: [], triggers: [self(Pod)], reconcile: async () => undefined }),
    /controller x reads Pod, which triggers it/,
  );
});
