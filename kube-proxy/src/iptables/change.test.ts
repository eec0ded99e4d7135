import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom, silentLogger } from '@keelson/base';
import { endpoint, place, render, service, slice } from '../testdata.ts';
import { mutate, type World, wantedOf } from '../testworld.ts';
import { sharedChains } from './base.ts';
import type { Rules } from './contract.ts';
import { IptablesBackend } from './iptables.ts';
import { memoryRules } from './memory.ts';
import { parseSave } from './save.ts';

const backendOf = (rules: Rules): IptablesBackend => new IptablesBackend({ rules, render, log: silentLogger });

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
  await backendOf(rules).resync(wanted.services());
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
    let backend = backendOf(rules);
    await backend.resync([]);
    for (let step = 0; step < 150; step++) {
      const touched = new Set(Array.from({ length: 1 + int(4) }, () => mutate(world, int)));
      await backend.update([...touched].map((key) => wanted.update(key, place)));
      if (step % 10 === 9) {
        assert.deepEqual(normal(await rules.save()), normal(await fromScratch(world)), `after step ${step}`);
        if (int(3) === 0) {
          rules = memoryRules(damage(await rules.save(), int));
          backend = backendOf(rules);
        }
        await backend.resync(wanted.services());
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
    const rules = memoryRules();
    const backend = backendOf(rules);
    await backend.resync(wanted.services());
    const before = rules.scripts.length;
    await backend.update([wanted.update('ns/s7', place)]);
    assert.equal(rules.scripts.length, before);
    world.slices.set('ns/s7', slice('s7', [endpoint(1, 8)]));
    await backend.update([wanted.update('ns/s7', place)]);
    const lines = rules.scripts.at(-1)?.trimEnd().split('\n');
    assert.deepEqual(
      lines?.map((line) => line.replace(/[A-Z2-7]{16}/g, 'HASH')),
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
    const backend = backendOf(rules);
    await backend.resync(wanted.services());
    assert.match(await rules.save(), /KUBE-SVC/);
    await backend.cleanup();
    assert.equal(await rules.save(), before);
  });
});

/** What a careless hand does: drops some rules, repeats others. */
function damage(saved: string, int: (below: number) => number): string {
  return saved.replace(/^-A KUBE-.*\n/gm, (rule) => (int(8) === 0 ? '' : int(12) === 0 ? rule + rule : rule));
}
