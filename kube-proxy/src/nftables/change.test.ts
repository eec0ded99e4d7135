import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom, silentLogger, systemClock } from '@keelson/base';
import { endpoint, place, service, slice } from '../testdata.ts';
import { mutate, type World, wantedOf } from '../testworld.ts';
import type { Nft } from './contract.ts';
import { parseListing } from './listing.ts';
import { memoryNft } from './memory.ts';
import { NftablesBackend } from './nftables.ts';
import type { RenderOptions } from './types.ts';

const render: RenderOptions = { clusterCIDR: '10.244.0.0/16', masqueradeAll: false, masqueradeEgress: false, masqueradeBit: 14 };
const surroundings = { nodeIP: '192.0.2.1', serviceRanges: ['10.96.0.0/16'] };

function backendOf(nft: Nft, time = { now: 0 }, onCleanupFailure = (): void => undefined): NftablesBackend {
  const clock = { ...systemClock, now: () => time.now };
  return new NftablesBackend({ nft, render, nodePortAddresses: [], clock, log: silentLogger, onCleanupFailure });
}

/** The table without what does not matter: order, and chains that are empty and wait to be deleted. */
function normal(listing: string): object {
  const { chains, containers } = parseListing(listing);
  const sorted = <T>(map: ReadonlyMap<string, T>): [string, T][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    chains: sorted(chains).filter(([name, { rules }]) => !name.includes('/') || rules.length > 0),
    containers: sorted(containers).map(([name, container]) => [name, { ...container, elements: sorted(container.elements) }]),
  };
}

async function fromScratch(world: World): Promise<object> {
  const nft = memoryNft();
  const wanted = wantedOf(world);
  wanted.updateAll(place);
  await backendOf(nft).resync(wanted.services(), surroundings);
  return normal(await nft.list());
}

function fiftyServices(): World {
  const world: World = { services: new Map(), slices: new Map() };
  for (let i = 0; i < 50; i++) {
    world.services.set(`ns/s${i}`, service(`s${i}`, { clusterIP: `10.96.1.${i}` }));
    world.slices.set(`ns/s${i}`, slice(`s${i}`, [endpoint(1, i + 1), endpoint(2, i + 1)]));
  }
  return world;
}

describe('changes', () => {
  const seed = Number(process.env.SEED ?? process.hrtime()[1]);
  it(`a long history of small changes gives what a fresh start gives (SEED=${seed})`, async () => {
    const random = seededRandom(seed);
    const int = (below: number): number => Math.floor(random.next() * below);
    const world: World = { services: new Map(), slices: new Map() };
    const wanted = wantedOf(world);
    const nft = memoryNft();
    const time = { now: 0 };
    let failures = 0;
    let backend = backendOf(nft, time, () => failures++);
    await backend.resync([], surroundings);
    for (let step = 0; step < 150; step++) {
      const touched = new Set(Array.from({ length: 1 + int(4) }, () => mutate(world, int)));
      await backend.update([...touched].map((key) => wanted.update(key, place)));
      time.now += int(2000);
      assert.ok(await backend.intact());
      if (step % 10 !== 9) continue;
      assert.deepEqual(normal(await nft.list()), await fromScratch(world), `after step ${step}`);
      if (int(3) === 0) {
        await damage(nft, int);
        backend = backendOf(nft, time, () => failures++);
      }
      await backend.resync(wanted.services(), surroundings);
      assert.deepEqual(normal(await nft.list()), await fromScratch(world), `resynchronised after step ${step}`);
    }
    assert.equal(failures, 0);
  });

  it('changes nothing when nothing changed, and one service only when one did', async () => {
    const world = fiftyServices();
    const wanted = wantedOf(world);
    wanted.updateAll(place);
    const nft = memoryNft();
    const backend = backendOf(nft);
    await backend.resync(wanted.services(), surroundings);
    const before = nft.scripts.length;
    await backend.update([wanted.update('ns/s7', place)]);
    await backendOf(nft).resync(wanted.services(), surroundings);
    assert.equal(nft.scripts.length, before);
    world.slices.set('ns/s7', slice('s7', [endpoint(1, 9)]));
    await backend.update([wanted.update('ns/s7', place)]);
    const lines = nft.scripts.at(-1)?.trimEnd().split('\n');
    assert.deepEqual(
      lines?.map((line) => line.replace(/[A-Z2-7]{8}/g, 'HASH')),
      [
        'delete element ip kube-proxy hairpin-connections { 10.244.1.8 . 10.244.1.8 . 6 . 8080 }',
        'add chain ip kube-proxy service-HASH-ns/s7/tcp/p',
        'flush chain ip kube-proxy service-HASH-ns/s7/tcp/p',
        'add rule ip kube-proxy service-HASH-ns/s7/tcp/p meta l4proto 6 dnat to 10.244.1.9:8080',
      ],
      'another service has the new hairpin already',
    );
  });

  it('begins a table that is laid out otherwise anew, hooks last', async () => {
    const nft = memoryNft();
    await nft.run('add table ip kube-proxy\nadd set ip kube-proxy service-ips { type ipv4_addr ; }\n');
    await backendOf(nft).resync([], surroundings);
    const script = nft.scripts.at(-1) ?? '';
    assert.match(script, /^add table .*\ndelete table ip kube-proxy\nadd table /);
    assert.ok(script.indexOf(' hook ') > script.indexOf('add chain ip kube-proxy services'));
    assert.deepEqual(normal(await nft.list()), await fromScratch({ services: new Map(), slices: new Map() }));
  });

  it('loads many services in several transactions', async () => {
    const world: World = { services: new Map(), slices: new Map() };
    for (let i = 0; i < 2600; i++) {
      world.services.set(`ns/s${i}`, service(`s${i}`, { clusterIP: `10.96.${i >> 8}.${i & 255}` }));
      world.slices.set(`ns/s${i}`, slice(`s${i}`, [endpoint(1, 1), endpoint(2, 1)]));
    }
    const wanted = wantedOf(world);
    wanted.updateAll(place);
    const nft = memoryNft();
    await backendOf(nft).resync(wanted.services(), surroundings);
    assert.equal(nft.scripts.length, 2);
    assert.ok(!nft.scripts[0]?.includes(' hook ') && nft.scripts[1]?.includes(' hook '));
  });

  it('a node whose address changed answers there; a flushed table is noticed', async () => {
    const nft = memoryNft();
    const backend = backendOf(nft);
    await backend.resync([], { ...surroundings, nodeIP: undefined });
    assert.equal(parseListing(await nft.list()).containers.get('nodeport-ips')?.elements.size, 0);
    await backend.resync([], surroundings);
    assert.deepEqual(
      [
        ...(parseListing(await nft.list())
          .containers.get('nodeport-ips')
          ?.elements.keys() ?? []),
      ],
      ['192.0.2.1'],
    );
    assert.ok(await backend.intact());
    nft.flush();
    assert.ok(!(await backend.intact()));
    await backend.resync([], surroundings);
    await backend.cleanup();
    assert.equal(await nft.list(), '');
  });

  it('chains that cannot be deleted are counted, and tried again', async () => {
    const memory = memoryNft();
    let refuse = true;
    const run = (script: string): Promise<void> =>
      refuse && script.startsWith('delete chain') ? Promise.reject(new Error('Device or resource busy')) : memory.run(script);
    const time = { now: 0 };
    let failures = 0;
    const backend = backendOf({ ...memory, run }, time, () => failures++);
    const world = fiftyServices();
    const wanted = wantedOf(world);
    wanted.updateAll(place);
    await backend.resync(wanted.services(), surroundings);
    world.services.delete('ns/s1');
    await backend.update([wanted.update('ns/s1', place)]);
    const left = async (): Promise<boolean> => (await memory.list()).includes('-ns/s1/tcp/p {');
    for (const [now, refused, count, still] of [
      [500, false, 0, true],
      [1000, true, 1, true],
      [1001, false, 1, false],
    ] as const) {
      [time.now, refuse] = [now, refused];
      assert.ok(await backend.intact());
      assert.deepEqual([failures, await left()], [count, still], `at ${now}`);
    }
  });
});

/** What a careless hand does: takes out a rule or an element here and there. */
async function damage(nft: Nft, int: (below: number) => number): Promise<void> {
  const { chains, containers } = parseListing(await nft.list());
  const lines: string[] = [];
  for (const [name, { rules }] of chains) if (rules.length > 0 && int(8) === 0) lines.push(`flush chain ip kube-proxy ${name}`);
  for (const [name, { elements }] of containers)
    for (const key of elements.keys()) if (int(8) === 0) lines.push(`delete element ip kube-proxy ${name} { ${key} }`);
  await nft.run(lines.map((line) => `${line}\n`).join(''));
}
