import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, silentLogger } from '@keelson/base';
import { createApi, type Transport } from '@keelson/client';
import { SimulatedClock } from '@keelson/testing';
import type { Lease } from '@keelson/types';
import { runWithLease } from './leader.ts';
import { ScriptedServer } from './scripted-server.ts';

const steady: Random = { next: () => 0, uuid: () => 'u' };
const lease = { name: 'scheduler', namespace: 'kube-system' };

const unanswered = (signal: AbortSignal | undefined): Promise<never> =>
  new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason));
  });

function election() {
  const server = new ScriptedServer(steady);
  const clock = new SimulatedClock();
  const held = (): Lease['spec'] => (server.objects.get('leases/kube-system/scheduler') as Lease | undefined)?.spec;
  const leaders: string[] = [];
  /** A candidate that leads until told to stop; `stall` stops its requests from being answered. */
  const candidate = (identity: string) => {
    const stop = new AbortController();
    /** Requests that are not answered. */
    let stalled = 0;
    const transport: Transport = {
      send: (request) => (stalled-- > 0 ? unanswered(request.signal) : server.transport.send(request)),
      close: () => undefined,
    };
    const onLead = (signal: AbortSignal): Promise<void> => {
      leaders.push(`+${identity}`);
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          leaders.push(`-${identity}`);
          resolve();
        });
      });
    };
    const done = runWithLease(createApi(transport, { clock }), { lease, identity }, clock, silentLogger, stop.signal, onLead, steady);
    done.catch(() => undefined);
    return { done, stop: () => stop.abort(), stall: (requests = Number.POSITIVE_INFINITY) => (stalled = requests) };
  };
  return { server, clock, held, leaders, candidate };
}

test('one leads and renews, the other waits; a released lease is taken over at once', async () => {
  const { clock, held, leaders, candidate } = election();
  const a = candidate('a');
  await clock.settle();
  const b = candidate('b');
  await clock.advance(60_000);
  assert.deepEqual(leaders, ['+a']);
  assert.deepEqual(held(), {
    holderIdentity: 'a',
    leaseDurationSeconds: 15,
    acquireTime: '2026-01-01T00:00:00.000000Z',
    renewTime: '2026-01-01T00:01:00.000000Z',
    leaseTransitions: 0,
  });
  a.stop();
  await a.done;
  assert.deepEqual([held()?.holderIdentity, held()?.leaseDurationSeconds], ['', 1]);
  await clock.advance(2000);
  assert.deepEqual(leaders, ['+a', '-a', '+b']);
  assert.deepEqual([held()?.holderIdentity, held()?.leaseTransitions], ['b', 1]);
  b.stop();
  await b.done;
});

test('a leader cut off stops before another starts', async () => {
  const { clock, leaders, candidate } = election();
  const a = candidate('a');
  await clock.settle();
  const b = candidate('b');
  await clock.settle();
  a.stall();
  await clock.advance(12_000);
  assert.deepEqual(leaders, ['+a', '-a']);
  await assert.rejects(a.done, /leader election lost: failed to renew lease kube-system\/scheduler/);
  await clock.advance(6000);
  assert.deepEqual(leaders, ['+a', '-a', '+b']);
  b.stop();
  await b.done;
});

test('one request that is never answered does not cost the lease', async () => {
  const { clock, leaders, candidate } = election();
  const a = candidate('a');
  await clock.settle();
  a.stall(1);
  await clock.advance(60_000);
  assert.deepEqual(leaders, ['+a']);
  a.stop();
  await a.done;
});

test('a lease is judged by this clock, not by the times in it', async () => {
  const { server, clock, leaders, candidate } = election();
  const spec = { holderIdentity: 'gone', leaseDurationSeconds: 15, renewTime: '2036-01-01T00:00:00.000000Z', leaseTransitions: 3 };
  server.put('leases', { metadata: lease, ...{ spec } });
  const a = candidate('a');
  await clock.advance(14_000);
  assert.deepEqual(leaders, []);
  await clock.advance(2000);
  assert.deepEqual(leaders, ['+a']);
  a.stop();
  await a.done;
});

test('the lease is given back when the work ends or throws', async () => {
  const { server, clock, held } = election();
  const api = createApi(server.transport, { clock });
  const never = new AbortController().signal;
  const work = runWithLease(api, { lease, identity: 'a' }, clock, silentLogger, never, () => Promise.reject(new Error('broke')), steady);
  await assert.rejects(work, /broke/);
  assert.equal(held()?.holderIdentity, '');
  await runWithLease(api, { lease, identity: 'b' }, clock, silentLogger, never, async () => undefined, steady);
  assert.deepEqual([held()?.holderIdentity, held()?.leaseTransitions], ['', 1]);
});
