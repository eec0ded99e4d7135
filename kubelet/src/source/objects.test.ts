import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom, silentLogger } from '@keelson/base';
import { type Api, ApiError, type ListQuery, type WatchQuery } from '@keelson/client';
import { eventually, SimulatedClock } from '@keelson/testing';
import type { ConfigMap, Status } from '@keelson/types';
import { testPod } from '../pod/testpod.ts';
import { ReferencedObjects } from './objects.ts';

/** A server with one ConfigMap, or none. */
class OneMap {
  current: ConfigMap | undefined;
  readonly asked: string[] = [];
  readonly watching = new Set<(map: ConfigMap) => void>();

  set(value: string): void {
    const resourceVersion = String(Number(this.current?.metadata?.resourceVersion ?? 0) + 1);
    const map = { metadata: { name: 'map', namespace: 'default', resourceVersion }, data: { value } } as unknown as ConfigMap;
    this.current = map;
    for (const tell of this.watching) tell(map);
  }

  get api(): Api {
    const get = async (_: unknown, { name }: { name: string }): Promise<unknown> => {
      this.asked.push(`get ${name}`);
      if (!this.current) throw new ApiError({ message: 'not found' } as Status, 404);
      return this.current;
    };
    const list = async (_: unknown, { fieldSelector }: ListQuery): Promise<unknown> => {
      this.asked.push(`list ${fieldSelector}`);
      return { metadata: { resourceVersion: this.current?.metadata?.resourceVersion ?? '0' }, items: this.current ? [this.current] : [] };
    };
    const watch = (_: unknown, { signal }: WatchQuery): AsyncIterable<unknown> => this.#watch(signal);
    return { get, list, watch } as unknown as Api;
  }

  async *#watch(signal: AbortSignal): AsyncGenerator<unknown> {
    const heard: ConfigMap[] = [];
    let wake = (): void => undefined;
    const tell = (map: ConfigMap): void => {
      heard.push(map);
      wake();
    };
    this.watching.add(tell);
    signal.addEventListener('abort', () => wake(), { once: true });
    while (!signal.aborted) {
      for (const object of heard.splice(0)) yield { type: 'MODIFIED', object };
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    this.watching.delete(tell);
  }
}

test('what running pods show is watched by name, once, until the last of them is let go', async () => {
  const server = new OneMap();
  server.set('1');
  const stop = new AbortController();
  const changed: string[] = [];
  const deps = { api: server.api, clock: new SimulatedClock(), random: seededRandom(1), log: silentLogger };
  const objects = new ReferencedObjects(deps, stop.signal, (uids) => changed.push([...uids].join()));
  const references = { configMaps: new Set(['map']), secrets: new Set<string>(), tokens: [] };
  const pods = ['u1', 'u2'].map((uid) => testPod({}, { uid }));
  for (const pod of pods) {
    await objects.fetch(pod, references);
    objects.follow(pod, references);
  }
  await eventually(() => server.watching.size === 1);
  assert.deepEqual(server.asked, ['get map', 'list metadata.name=map']);
  assert.deepEqual(changed, [], 'what is known already is no change');
  server.set('2');
  await eventually(() => changed.length === 1);
  assert.deepEqual(changed, ['u1,u2']);
  const [pod] = pods;
  assert.ok(pod);
  assert.equal((await objects.fetch(pod, references)).configMaps.get('map')?.data?.value, '2');
  assert.equal(server.asked.length, 2, 'the change brought the object along');
  objects.unfollow('u1');
  assert.equal(server.watching.size, 1);
  objects.unfollow('u2');
  await eventually(() => server.watching.size === 0);
  stop.abort();
});
