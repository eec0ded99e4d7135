import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { seededRandom, silentLogger } from '@keelson/base';
import type { Service } from '@keelson/types';
import { IptablesBackend } from '../iptables/iptables.ts';
import { memoryRules } from '../iptables/memory.ts';
import { wantedService } from '../model/services.ts';
import type { WantedService } from '../model/types.ts';
import { type EndpointFixture, endpoint, place, render, service, slice } from '../testdata.ts';
import { mutate, type World, wantedOf } from '../testworld.ts';
import { IpvsBackend, type IpvsParts } from './ipvs.ts';
import { reason } from './kernel.ts';
import { type MemoryIpvs, memoryIpvs } from './memory.ts';

function backendOf(kernel: MemoryIpvs, more: Partial<IpvsParts> = {}): IpvsBackend {
  return new IpvsBackend({ kernel, rules: memoryRules(), render, scheduler: 'rr', excluded: [], log: silentLogger, ...more });
}

/** All that it holds, as data, without servers that only wait for their last connection. */
function stateOf({ table, entries, device }: MemoryIpvs): unknown {
  const servers = [...table].map(([key, { settings, servers: all }]) => {
    const serving = [...all].filter(([, { weight }]) => weight > 0).map(([socket]) => socket);
    return `${key} ${settings} ${serving.sort().join()}`;
  });
  return { servers: servers.sort(), entries: [...entries].sort(), addresses: [...(device ?? [])].sort() };
}

async function fromScratch(world: World, node: readonly string[]): Promise<unknown> {
  const kernel = memoryIpvs();
  kernel.node = node;
  const wanted = wantedOf(world);
  wanted.updateAll(place);
  await backendOf(kernel).resync(wanted.services());
  return stateOf(kernel);
}

/** Transcripts: what is sent to a kernel without anything of ours. `UPDATE=1 node --test …` writes them anew. */
function transcript(name: string, text: string): void {
  const file = new URL(`./transcripts/${name}.txt`, import.meta.url);
  if (process.env.UPDATE) writeFileSync(file, text);
  assert.equal(text, readFileSync(file, 'utf8'));
}

function wanted(one: Service, endpoints: readonly EndpointFixture[]): WantedService {
  const found = wantedService(one, [slice(one.metadata?.name ?? '', endpoints)], place);
  assert.ok(found);
  return found;
}

const ports = [{ name: 'p', port: 80, nodePort: 30080, protocol: 'TCP' }];
const both = [endpoint(1, 1), endpoint(2, 2)];
const ingress = { loadBalancer: { ingress: [{ ip: '192.0.2.8' }] } };
const ranges = ['203.0.113.7/24', '198.51.100.9/32', '0.0.0.0/0'];

const cases: { name: string; service: Service; endpoints: readonly EndpointFixture[] }[] = [
  { name: 'cluster-ip', service: service('web'), endpoints: both },
  { name: 'no-endpoints', service: service('web'), endpoints: [] },
  { name: 'node-port', service: service('web', { type: 'NodePort', ports }), endpoints: both },
  {
    name: 'affinity',
    service: service('web', { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } }),
    endpoints: both,
  },
  {
    name: 'external-local',
    service: service('web', { type: 'LoadBalancer', ports, externalTrafficPolicy: 'Local', healthCheckNodePort: 30999 }, ingress),
    endpoints: both,
  },
  { name: 'internal-local', service: service('web', { internalTrafficPolicy: 'Local' }), endpoints: both },
  {
    name: 'source-ranges',
    service: service('web', { type: 'LoadBalancer', ports, loadBalancerSourceRanges: ranges }, ingress),
    endpoints: both.slice(0, 1),
  },
  {
    name: 'sctp',
    service: service('web', { type: 'NodePort', ports: [{ name: 'p', port: 80, nodePort: 30080, protocol: 'SCTP' }] }),
    endpoints: [],
  },
];

describe('what is sent for a service', () => {
  for (const { name, service: one, endpoints } of cases) {
    it(name, async () => {
      const kernel = memoryIpvs();
      const backend = backendOf(kernel);
      await backend.resync([]);
      kernel.sent.length = 0;
      await backend.update([{ key: 'ns/web', service: wanted(one, endpoints) }]);
      transcript(name, kernel.sent.join(''));
    });
  }

  it('base', async () => {
    const kernel = memoryIpvs();
    const rules = memoryRules();
    await backendOf(kernel, { rules, render: { ...render, masqueradeEgress: true } }).resync([]);
    transcript('base', [...kernel.sent, ...rules.scripts].join(''));
  });
});

describe('changes', () => {
  const seed = Number(process.env.SEED ?? process.hrtime()[1]);

  it(`a long history of small changes gives what a fresh start gives (SEED=${seed})`, async () => {
    const random = seededRandom(seed);
    const int = (below: number): number => Math.floor(random.next() * below);
    const world: World = { services: new Map(), slices: new Map() };
    const model = wantedOf(world);
    const kernel = memoryIpvs();
    let backend = backendOf(kernel);
    await backend.resync([]);
    for (let step = 0; step < 300; step++) {
      for (const { servers } of kernel.table.values()) for (const server of servers.values()) server.connections = int(2);
      const touched = new Set(Array.from({ length: 1 + int(4) }, () => mutate(world, int)));
      await backend.update([...touched].map((key) => model.update(key, place)));
      if (step % 10 !== 9) continue;
      assert.deepEqual(stateOf(kernel), await fromScratch(world, kernel.node), `after step ${step}`);
      if (int(3) === 0) spoil(kernel, int);
      if (int(4) === 0) kernel.node = ['192.0.2.1', `192.0.2.${2 + int(3)}`];
      if (int(3) === 0) backend = backendOf(kernel);
      await backend.resync(model.services());
      assert.deepEqual(stateOf(kernel), await fromScratch(world, kernel.node), `resynchronised after step ${step}`);
      assert.equal(await backend.intact(), true);
    }
  });

  it('sends nothing when nothing changed, and one endpoint when one did', async () => {
    const kernel = memoryIpvs();
    const backend = backendOf(kernel);
    const all = Array.from({ length: 50 }, (_, n) => wanted(service(`s${n}`, { clusterIP: `10.96.1.${n}` }), both));
    await backend.resync(all);
    kernel.sent.length = 0;
    await backend.update([{ key: 'ns/s7', service: all[7] }]);
    await backend.resync(all);
    assert.deepEqual(kernel.sent, []);
    await backend.update([{ key: 'ns/s7', service: wanted(service('s7', { clusterIP: '10.96.1.7' }), [...both, endpoint(3, 3)]) }]);
    assert.deepEqual(kernel.sent, ['-a -t 10.96.1.7:80 -r 10.244.3.3:8080 -m -w 1\n']);
  });

  it('an endpoint that goes ends its connections first', async () => {
    const kernel = memoryIpvs();
    const backend = backendOf(kernel);
    const [two, one] = [wanted(service('web'), both), wanted(service('web'), both.slice(0, 1))];
    await backend.resync([two]);
    const held = kernel.table.get('-t 10.96.0.10:80')?.servers.get('10.244.2.2:8080');
    assert.ok(held);
    held.connections = 3;
    await backend.update([{ key: 'ns/web', service: one }]);
    assert.equal(kernel.table.get('-t 10.96.0.10:80')?.servers.get('10.244.2.2:8080')?.weight, 0);
    assert.equal(await backend.intact(), true, 'it may take its time');
    const draining = kernel.table.get('-t 10.96.0.10:80')?.servers.get('10.244.2.2:8080');
    if (draining) draining.connections = 0;
    assert.equal(await backend.intact(), false);
    await backend.resync([one]);
    assert.deepEqual([...(kernel.table.get('-t 10.96.0.10:80')?.servers.keys() ?? [])], ['10.244.1.1:8080']);
  });

  it('an endpoint that comes back is served again', async () => {
    const kernel = memoryIpvs();
    const backend = backendOf(kernel);
    const [two, one] = [wanted(service('web'), both), wanted(service('web'), both.slice(0, 1))];
    await backend.resync([two]);
    await backend.update([{ key: 'ns/web', service: one }]);
    await backend.update([{ key: 'ns/web', service: two }]);
    assert.deepEqual(
      kernel.sent.slice(-2).map((text) => text.replace(/^\S+ -t \S+ -r /, '')),
      ['10.244.2.2:8080 -m -w 0\n', '10.244.2.2:8080 -m -w 1\n'],
    );
    assert.equal(kernel.table.get('-t 10.96.0.10:80')?.servers.get('10.244.2.2:8080')?.weight, 1);
  });

  it("leaves others' virtual servers alone where told so, and only there", async () => {
    const kernel = memoryIpvs();
    for (const ip of ['203.0.113.1', '198.51.100.1']) kernel.table.set(`-t ${ip}:80`, { settings: '-s wlc', servers: new Map() });
    await backendOf(kernel, { excluded: ['203.0.113.0/24'] }).resync([]);
    assert.deepEqual([...kernel.table.keys()], ['-t 203.0.113.1:80']);
  });

  it('cleans up, and takes over from iptables and back', async () => {
    const kernel = memoryIpvs();
    const rules = memoryRules();
    const before = await rules.save();
    const iptables = new IptablesBackend({ rules, render, log: silentLogger });
    const web = wanted(service('web', { type: 'NodePort', ports }), both);
    await iptables.resync([web]);
    const backend = backendOf(kernel, { rules });
    await backend.resync([web]);
    assert.doesNotMatch(await rules.save(), /KUBE-SVC|KUBE-NODEPORTS|KUBE-EXTERNAL-SERVICES/);
    assert.equal(await backend.intact(), true);
    await backend.cleanup();
    assert.equal(await rules.save(), before);
    assert.deepEqual([kernel.table.size, kernel.names.size, kernel.device], [0, 0, undefined]);
    await backend.cleanup();
  });
});

/** What a careless hand does. */
function spoil({ table, entries, device }: MemoryIpvs, int: (below: number) => number): void {
  for (const [key, server] of table) {
    const what = int(12);
    if (what === 0) table.delete(key);
    if (what === 1) server.settings = '-s wlc -p 7';
    for (const [socket, held] of server.servers) {
      const spoiled = int(12);
      if (spoiled === 0) server.servers.delete(socket);
      if (spoiled === 1) held.weight = 5;
    }
    if (int(6) === 0) server.servers.set('10.9.9.9:9', { weight: 1, connections: int(2) });
  }
  table.set('-u 203.0.113.9:53', { settings: '-s rr', servers: new Map() });
  for (const entry of entries) if (int(6) === 0) entries.delete(entry);
  entries.add('KUBE-CLUSTER-IP 10.9.9.9,tcp:9');
  for (const address of device ?? []) if (int(6) === 0) device?.delete(address);
  device?.add('10.9.9.9');
}

describe('a machine that cannot', () => {
  for (const [what, error, sentence] of [
    ['no program', { code: 'ENOENT' }, /ipvsadm is not installed/],
    ['no IPVS', { code: 2, stderr: "Can't initialize ipvs: Protocol not available\nAre you sure…" }, /the kernel has no IPVS/],
    ['no rights', { code: 2, stderr: "Can't initialize ipvs: Permission denied (you must be root)\n" }, /as root/],
    ['something else', { code: 2, stderr: '-q: unknown option\n' }, /ipvsadm failed: -q: unknown option/],
  ] as const) {
    it(what, () => assert.match(reason('ipvsadm', error), sentence));
  }
});
