import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom, silentLogger } from '@keelson/base';
import { createApi, type KubeObject } from '@keelson/client';
import { SimulatedClock } from '@keelson/testing';
import { Pod } from '@keelson/types';
import { createInformers } from './informers.ts';
import { keyOf } from './keys.ts';
import { ScriptedServer } from './scripted-server.ts';
import type { Change, Informers } from './types.ts';

interface World {
  readonly server: ScriptedServer;
  readonly clock: SimulatedClock;
  readonly informers: Informers;
}

function world(random: Random): World {
  const server = new ScriptedServer(random);
  const clock = new SimulatedClock();
  const api = createApi(server.transport, { clock });
  return { server, clock, informers: createInformers({ api, clock, random, log: silentLogger }) };
}

const pod = (name: string, label = ''): KubeObject & { metadata: { labels: Record<string, string> } } => ({
  metadata: { name, namespace: 'n', labels: { label } },
});

/** Keys and revisions of what the server has, or a store. */
function contents(objects: Iterable<KubeObject>): string[] {
  return [...objects].map((object) => `${keyOf(object)}@${object.metadata.resourceVersion}`).sort();
}

test('a store follows the server and tells every change, starting with what is there', async () => {
  const { server, clock, informers } = world(seededRandom(1));
  server.put('pods', pod('a'));
  const stop = new AbortController();
  const informer = informers.for(Pod);
  const heard: string[] = [];
  informer.onChange((change) => heard.push(`${change.type} ${change.object.metadata?.name}`));
  await informers.start(stop.signal);
  assert.equal(informer.hasSynced, true);
  assert.equal(informer.store.resourceVersion, '101');
  server.put('pods', pod('b'));
  server.put('pods', pod('b', 'changed'));
  server.remove('pods/n/a');
  await clock.settle();
  assert.deepEqual(heard, ['added a', 'added b', 'updated b', 'deleted a']);
  assert.deepEqual(contents(informer.store.list()), ['n/b@103']);
  const late: string[] = [];
  const leave = informer.onChange((change) => late.push(`${change.type} ${change.object.metadata?.name}`));
  leave();
  server.remove('pods/n/b');
  await clock.settle();
  assert.deepEqual(late, ['added b']);
  stop.abort();
});

test('a kind is listed and watched once, whoever asks; another selection is refused', async () => {
  const { server, informers, clock } = world(seededRandom(1));
  const stop = new AbortController();
  const first = informers.for(Pod, { fieldSelector: 'spec.nodeName=n1' });
  assert.equal(informers.for(Pod, { indexes: { label: (object) => [object.metadata?.labels?.label ?? ''] } }), first);
  assert.throws(() => informers.for(Pod, { fieldSelector: 'spec.nodeName=n2' }), /asked for with another fieldSelector before/);
  await informers.start(stop.signal);
  await clock.settle();
  assert.deepEqual(
    server.requests.map((request) => request.replace(/timeoutSeconds=\d+/, 'timeoutSeconds=T')),
    [
      'GET /api/v1/pods?fieldSelector=spec.nodeName%3Dn1&limit=500&resourceVersion=0',
      'GET /api/v1/pods?watch=true&fieldSelector=spec.nodeName%3Dn1&resourceVersion=100&allowWatchBookmarks=true&timeoutSeconds=T',
    ],
  );
  stop.abort();
});

test('managed fields are not kept', async () => {
  const { server, informers } = world(seededRandom(1));
  const object = pod('a');
  server.put('pods', { ...object, metadata: { ...object.metadata, managedFields: [{ manager: 'm' }] } as KubeObject['metadata'] });
  const stop = new AbortController();
  const { store } = informers.for(Pod);
  await informers.start(stop.signal);
  assert.deepEqual(Object.keys(store.get('n/a')?.metadata ?? {}), ['name', 'namespace', 'labels', 'uid', 'resourceVersion']);
  stop.abort();
});

test('start rejects when it is stopped before the first list', async () => {
  const { server, informers } = world(seededRandom(1));
  server.faults = 1;
  informers.for(Pod);
  const stop = new AbortController();
  const started = informers.start(stop.signal);
  stop.abort(new Error('stopped'));
  await assert.rejects(started, /stopped/);
});

test('whatever breaks, the store becomes what the server has, and changes add up to the store', async () => {
  const seed = Number(process.env.SEED ?? Math.floor(performance.now() * 1000) % 2 ** 31);
  for (let round = 0; round < 25; round++) {
    const what = `SEED=${seed}, round ${round}`;
    const random = seededRandom(seed + round);
    const { server, clock, informers } = world(random);
    const mirror = new Map<string, KubeObject>();
    const informer = informers.for(Pod);
    informer.onChange((change) => mirrorChange(mirror, change as Change<KubeObject>, what));
    const stop = new AbortController();
    void informers.start(stop.signal).catch(() => undefined);
    server.faults = 0.3;
    for (let action = 0; action < 60; action++) await disturb(server, clock, random);
    server.faults = 0;
    const wanted = (): string[] => contents(server.objects.values());
    await clock
      .runUntil(() => informer.hasSynced && contents(informer.store.list()).join() === wanted().join(), 600_000)
      .catch(() => undefined);
    assert.deepEqual(contents(informer.store.list()), wanted(), what);
    assert.deepEqual(contents(mirror.values()), wanted(), what);
    stop.abort();
    await clock.settle();
    assert.equal(clock.pending, 0, what);
  }
});

function mirrorChange(mirror: Map<string, KubeObject>, change: Change<KubeObject>, what: string): void {
  const key = keyOf(change.object);
  assert.equal(mirror.has(key), change.type !== 'added', `${change.type} ${key}, ${what}`);
  if (change.type === 'deleted') mirror.delete(key);
  else mirror.set(key, change.object);
}

async function disturb(server: ScriptedServer, clock: SimulatedClock, random: Random): Promise<void> {
  const name = `p${Math.floor(random.next() * 8)}`;
  const chance = random.next();
  if (chance < 0.6) server.put('pods', pod(name, String(chance)));
  else if (chance < 0.8) server.remove(`pods/n/${name}`);
  else if (chance < 0.85) server.compact();
  else await clock.advance(random.next() * 3000);
}
