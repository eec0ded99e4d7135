import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type Random, seededRandom, systemRandom } from '@keelson/base';
import type { AllocationResult, Device, ResourceSlice } from '@keelson/types';
import { node } from '../testdata.ts';
import { InUse } from './in-use.ts';
import { Inventory } from './inventory.ts';

const nodes = ['n1', 'n2', 'n3'].map((name, i) => node(name, { labels: { zone: `z${i % 2}` } }));

function draw<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random.next() * from.length)] as T;
}

const inZone = { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['z0'] }] }] };
const places = [{ nodeName: 'n1' }, { nodeName: 'n2' }, { allNodes: true }, { nodeSelector: inZone }, {}];

function randomSlice(random: Random): ResourceSlice {
  const one = (): Record<string, unknown> => draw(random, places);
  const devices = Array.from(
    { length: Math.floor(random.next() * 3) },
    () => ({ name: draw(random, ['a', 'b', 'c', 'd']), ...one() }) as Device,
  );
  const perDevice = random.next() < 0.3;
  const pool = { name: draw(random, ['p', 'q']), generation: Math.floor(random.next() * 2), resourceSliceCount: 2 };
  const place = perDevice ? { perDeviceNodeSelection: true } : one();
  return { metadata: { name: draw(random, ['s1', 's2', 's3', 's4']) }, spec: { driver: 'd', pool, devices, ...place } } as ResourceSlice;
}

const told = (inventory: Inventory): unknown =>
  nodes.map((one) =>
    inventory
      .at(one)
      .map(({ pool, here }) => [
        pool.id,
        pool.incomplete,
        pool.invalid,
        pool.all.length,
        here.map(({ id, slice }) => [id, slice.metadata.name]),
      ]),
  );

it('an inventory that changed is like one that is new', () => {
  const seed = Math.floor(systemRandom.next() * 1e6);
  const random = seededRandom(seed);
  const inventory = new Inventory();
  const present = new Map<string, ResourceSlice>();
  for (let step = 0; step < 500; step++) {
    const slice = randomSlice(random);
    const name = slice.metadata.name ?? '';
    const before = present.get(name);
    if (before) inventory.delete(before);
    present.delete(name);
    if (!before || random.next() < 0.7) {
      inventory.set(slice);
      present.set(name, slice);
    }
    if (random.next() < 0.5) continue;
    const fresh = new Inventory();
    for (const one of [...present.values()].reverse()) fresh.set(one);
    assert.deepEqual(told(inventory), told(fresh), `seed ${seed}, step ${step}`);
  }
});

it('what is in use is what the claims have now', () => {
  const seed = Math.floor(systemRandom.next() * 1e6);
  const random = seededRandom(seed);
  const ids = ['a', 'b'];
  const result = (): Record<string, unknown> => {
    const share =
      random.next() < 0.5 ? { shareID: random.uuid(), consumedCapacity: { memory: `${1 + Math.floor(random.next() * 9)}Gi` } } : {};
    return {
      request: 'r',
      driver: 'd',
      pool: 'p',
      device: draw(random, ids),
      ...share,
      ...(random.next() < 0.2 ? { adminAccess: true } : {}),
    };
  };
  const allocation = (): AllocationResult => ({ devices: { results: [result(), result()] } }) as unknown as AllocationResult;
  const state = (inUse: InUse): unknown =>
    ids.map((id) => `d/p/${id}`).map((id) => [inUse.has(id), inUse.isWhole(id), inUse.shared(id)?.get('memory')]);
  const inUse = new InUse();
  const present = new Map<string, AllocationResult>();
  for (let step = 0; step < 500; step++) {
    const uid = draw(random, ['1', '2', '3', '4']);
    const next = random.next() < 0.4 ? undefined : allocation();
    inUse.set(uid, next);
    if (next) present.set(uid, next);
    else present.delete(uid);
    const fresh = new InUse();
    for (const [of, one] of present) fresh.set(of, one);
    assert.deepEqual(state(inUse), state(fresh), `seed ${seed}, step ${step}`);
  }
});
