import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '@keelson/base';
import type { EndpointSlice, Service } from '@keelson/types';
import { endpoint, place, render, service, slice, terminating } from '../testdata.ts';
import { Wanted } from '../wanted.ts';
import { sharedChains } from './base.ts';
import { fullChange } from './change.ts';
import { cleanup } from './cleanup.ts';
import { memoryRules } from './memory.ts';
import { parseSave } from './save.ts';
import { script } from './script.ts';

interface World {
  readonly services: Map<string, Service>;
  readonly slices: Map<string, EndpointSlice>;
}

const wantedOf = (world: World): Wanted =>
  new Wanted(
    {
      keys: () => world.services.keys(),
      service: (key) => world.services.get(key),
      slices: (key) => [...(world.slices.get(key) ? [world.slices.get(key) as EndpointSlice] : [])],
    },
    render,
  );

/** Saved tables without what does not matter: the order of rules that services share. */
function normal(saved: string): Record<string, readonly string[]> {
  const out: Record<string, readonly string[]> = {};
  for (const [table, chains] of parseSave(saved)) {
    for (const [chain, rules] of chains) out[`${table} ${chain}`] = sharedChains[table].includes(chain) ? rules.toSorted() : rules;
    out[`${table} last`] = [chains.get('KUBE-SERVICES')?.at(-1) ?? ''].filter((rule) => rule.includes('NODEPORTS'));
  }
  return out;
}

async function fromScratch(world: World): Promise<string> {
  const rules = memoryRules();
  const wanted = wantedOf(world);
  wanted.updateAll(place);
  for (const change of fullChange(parseSave(await rules.save()), render, wanted.rules())) await rules.restore(script([change]));
  return rules.save();
}

describe('changes', () => {
  const seed = Number(process.env.SEED ?? process.hrtime()[1]);
  it(`a long history of small changes gives what a fresh start gives (SEED=${seed})`, async () => {
    const random = seededRandom(seed);
    const int = (below: number): number => Math.floor(random.next() * below);
    const world: World = { services: new Map(), slices: new Map() };
    const wanted = wantedOf(world);
    let rules = memoryRules();
    for (const change of fullChange(parseSave(await rules.save()), render, [])) await rules.restore(script([change]));
    for (let step = 0; step < 150; step++) {
      const touched = new Set(Array.from({ length: 1 + int(4) }, () => mutate(world, int)));
      const text = script([...touched].map((key) => wanted.update(key, place).change));
      if (text !== '') await rules.restore(text);
      if (step % 10 === 9) {
        assert.deepEqual(normal(await rules.save()), normal(await fromScratch(world)), `after step ${step}`);
        if (int(3) === 0) rules = memoryRules(damage(await rules.save(), int));
        for (const change of fullChange(parseSave(await rules.save()), render, wanted.rules())) await rules.restore(script([change]));
        assert.deepEqual(normal(await rules.save()), normal(await fromScratch(world)), `resynchronised after step ${step}`);
      }
    }
  });

  it('changes nothing when nothing changed, and one service only when one did', async () => {
    const world: World = { services: new Map(), slices: new Map() };
    for (let i = 0; i < 50; i++) {
      world.services.set(`ns/s${i}`, service(`s${i}`, { clusterIP: `10.96.1.${i}` }));
      world.slices.set(`ns/s${i}`, slice(`s${i}`, [endpoint(1, i + 1), endpoint(2, i + 1)]));
    }
    const wanted = wantedOf(world);
    wanted.updateAll(place);
    assert.equal(script([wanted.update('ns/s7', place).change]), '');
    world.slices.set('ns/s7', slice('s7', [endpoint(1, 8)]));
    const lines = script([wanted.update('ns/s7', place).change])
      .trimEnd()
      .split('\n');
    assert.deepEqual(
      lines.map((line) => line.replace(/[A-Z2-7]{16}/g, 'HASH')),
      [
        '*nat',
        ':KUBE-SVC-HASH - [0:0]',
        ':KUBE-SEP-HASH - [0:0]',
        '-A KUBE-SVC-HASH ! -s 10.244.0.0/16 -d 10.96.1.7/32 -p tcp -m comment --comment "ns/s7:p cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ',
        '-A KUBE-SVC-HASH -m comment --comment "ns/s7:p -> 10.244.1.8:8080" -j KUBE-SEP-HASH',
        '-X KUBE-SEP-HASH',
        'COMMIT',
      ],
    );
  });

  it('cleans up to the rules of others', async () => {
    const others =
      '*nat\n:POSTROUTING - [0:0]\n:CNI-1 - [0:0]\n:KUBE-KUBELET-CANARY - [0:0]\n-A POSTROUTING -j CNI-1\nCOMMIT\n*filter\n:KUBE-FIREWALL - [0:0]\n:INPUT - [0:0]\n-A INPUT -j KUBE-FIREWALL\nCOMMIT\n';
    const rules = memoryRules(others);
    const before = await rules.save();
    const world: World = { services: new Map([['ns/web', service('web')]]), slices: new Map([['ns/web', slice('web', [endpoint(1, 1)])]]) };
    const wanted = wantedOf(world);
    wanted.updateAll(place);
    for (const change of fullChange(parseSave(before), render, wanted.rules())) await rules.restore(script([change]));
    assert.match(await rules.save(), /KUBE-SVC/);
    await cleanup(rules);
    assert.equal(await rules.save(), before);
  });
});

function mutate(world: World, int: (below: number) => number): string {
  const n = int(12);
  const key = `ns/s${n}`;
  const kind = int(10);
  if (kind === 0) {
    world.services.delete(key);
    if (int(2)) world.slices.delete(key);
  } else if (kind < 4 || !world.services.has(key)) {
    world.services.set(key, randomService(n, int));
  } else {
    const count = int(5);
    world.slices.set(
      key,
      slice(
        `s${n}`,
        Array.from({ length: count }, () => endpoint(1 + int(3), 1 + int(6), int(4) === 0 ? terminating : {})),
      ),
    );
  }
  return key;
}

function randomService(n: number, int: (below: number) => number): Service {
  const policy = (): 'Cluster' | 'Local' => (int(3) === 0 ? 'Local' : 'Cluster');
  const type = (['ClusterIP', 'NodePort', 'LoadBalancer'] as const)[int(3)] ?? 'ClusterIP';
  const ports = [
    { name: 'p', port: 80 + int(2), protocol: 'TCP', ...(type === 'ClusterIP' ? {} : { nodePort: 30_000 + n }) },
    ...(int(3) === 0 ? [{ name: 'q', port: 90, protocol: 'UDP' }] : []),
  ];
  const spec = {
    type,
    ports,
    clusterIP: `10.96.2.${n}`,
    internalTrafficPolicy: policy(),
    externalTrafficPolicy: policy(),
    ...(int(4) === 0 ? { sessionAffinity: 'ClientIP' } : {}),
  };
  const balancer = type === 'LoadBalancer' ? { loadBalancer: { ingress: [{ ip: `192.0.2.${n}` }] } } : undefined;
  return service(
    `s${n}`,
    { ...spec, ...(int(3) === 0 ? { loadBalancerSourceRanges: ['10.0.0.0/8'], healthCheckNodePort: 31_000 + n } : {}) },
    balancer,
  );
}

/** What a careless hand does: drops some rules, repeats others. */
function damage(saved: string, int: (below: number) => number): string {
  return saved.replace(/^-A KUBE-.*\n/gm, (rule) => (int(8) === 0 ? '' : int(12) === 0 ? rule + rule : rule));
}
