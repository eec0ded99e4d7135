import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, afterEach, before, describe, it } from 'node:test';
import { silentLogger, systemClock } from '@keelson/base';
import type { Service } from '@keelson/types';
import { wantedService } from '../model/services.ts';
import type { WantedService } from '../model/types.ts';
import { type EndpointFixture, endpoint, place, type SpecFixture, service, slice } from '../testdata.ts';
import { inside, noNamespaces, TestNode } from '../testnode.ts';
import { kernelNft } from './kernel.ts';
import { NftablesBackend } from './nftables.ts';
import type { RenderOptions } from './types.ts';

const why = noNamespaces([
  ['nft', '--version'],
  ['socat', '-V'],
]);
if (why) console.error(`SKIPPED: kube-proxy's nftables table in a real kernel: ${why}`);

const world = new TestNode('nft');
const render: RenderOptions = { clusterCIDR: '10.244.0.0/16', masqueradeAll: false, masqueradeEgress: true, masqueradeBit: 14 };
const surroundings = { nodeIP: '192.0.2.1', serviceRanges: ['10.96.0.0/16'] };

/** A backend on the node's table, with what it sent. */
function start(nodePortAddresses: readonly string[] = []) {
  const kernel = kernelNft(world.enter);
  const sent: string[] = [];
  const run = (script: string): Promise<void> => {
    sent.push(script);
    return kernel.run(script);
  };
  const time = { now: 0 };
  const clock = { ...systemClock, now: () => time.now };
  const nft = { ...kernel, run, addresses: () => ['127.0.0.1', '192.0.2.1', '10.244.1.254'] };
  const failures: unknown[] = [];
  const onCleanupFailure = (): void => void failures.push('cleanup');
  const backend = new NftablesBackend({ nft, render, nodePortAddresses, clock, log: silentLogger, onCleanupFailure });
  return { backend, sent, time, failures };
}

function want(object: Service, endpoints: readonly EndpointFixture[], protocol: 'TCP' | 'UDP' = 'TCP'): WantedService {
  const wanted = wantedService(object, [slice('x', endpoints, 8080, protocol)], place);
  assert.ok(wanted);
  return wanted;
}

const table = (): string => inside(world.node, 'nft', '-y', '-p', 'list', 'table', 'ip', 'kube-proxy');
const both = [endpoint(1, 1), endpoint(1, 2)];
const nodePort = (extra: SpecFixture = {}): Service =>
  service('web', { type: 'NodePort', ports: [{ name: 'p', port: 80, nodePort: 30080, protocol: 'TCP' }], ...extra });
const balancer = (extra: SpecFixture): Service =>
  service(
    'lb',
    { type: 'LoadBalancer', clusterIP: '10.96.0.12', ports: [{ name: 'p', port: 443, nodePort: 30443, protocol: 'TCP' }], ...extra },
    { loadBalancer: { ingress: [{ ip: '198.51.100.2' }] } },
  );
const sticky = { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 93_784 } } };
const many = Array.from({ length: 12 }, (_, i) => endpoint(1 + (i % 3), 20 + i));

const everything: readonly WantedService[] = [
  want(nodePort(), both),
  want(service('empty', { clusterIP: '10.96.0.11' }), []),
  want(balancer({ ...sticky, externalTrafficPolicy: 'Local', internalTrafficPolicy: 'Local', externalIPs: ['198.51.100.1'] }), [
    ...both,
    endpoint(2, 2),
  ]),
  want(
    service(
      'ranged',
      { type: 'LoadBalancer', clusterIP: '10.96.0.14', loadBalancerSourceRanges: ['203.0.113.0/24', '192.0.2.0/25', '203.0.112.0/24'] },
      { loadBalancer: { ingress: [{ ip: '198.51.100.3' }] } },
    ),
    both,
  ),
  want(service('elsewhere', { clusterIP: '10.96.0.15', internalTrafficPolicy: 'Local' }), [endpoint(2, 2)]),
  want(service('many', { clusterIP: '10.96.0.16' }), many),
  want(service('many-sticky', { clusterIP: '10.96.0.17', ...sticky }), many),
  want(
    service('dns', {
      clusterIP: '10.96.0.13',
      ports: [
        { name: 'p', port: 53, protocol: 'UDP' },
        { port: 54, protocol: 'SCTP' },
      ],
    }),
    both,
    'UDP',
  ),
];

const ask = (from: string, address: string, ...options: string[]): string => world.ask(from, address, ...options);
const asked = (from: string, address: string, times = 16): Set<string> => new Set(Array.from({ length: times }, () => ask(from, address)));

describe('the table in a real kernel', { skip: why ?? false }, () => {
  before(() => world.build());
  after(() => world.close());
  afterEach(() => start().backend.cleanup());

  it('what is listed is what was wanted, and cleanup leaves nothing', async () => {
    const ranges = { ...surroundings, serviceRanges: ['10.96.0.0/16', '10.98.0.0/24'] };
    const first = start(['192.0.2.0/24', '10.0.0.0/8']);
    await first.backend.resync(everything, ranges);
    const again = start(['192.0.2.0/24', '10.0.0.0/8']);
    await again.backend.resync(everything, ranges);
    assert.deepEqual(again.sent, []);
    await again.backend.update(everything.slice(1).map(({ key }) => ({ key, service: undefined })));
    const third = start(['192.0.2.0/24', '10.0.0.0/8']);
    await third.backend.resync(everything.slice(0, 1), ranges);
    assert.deepEqual(third.sent, [], 'what was taken out is out, but for empty chains');
    third.time.now = 1000;
    assert.equal(await third.backend.intact(), true);
    assert.deepEqual(third.failures, []);
    const rest = table();
    assert.deepEqual([...rest.matchAll(/\t(?:chain|set) (\S+\/\S+) \{/g)].map(([, name]) => name).toSorted(), [
      'external-KGB2OZAJ-ns/web/tcp/p',
      'service-KGB2OZAJ-ns/web/tcp/p',
    ]);
    await third.backend.cleanup();
    assert.equal(inside(world.node, 'nft', 'list', 'tables'), '');
  });

  it('with all addresses for node ports, and back', async () => {
    const all = start(['0.0.0.0/0']);
    await all.backend.resync(everything, surroundings);
    const again = start(['0.0.0.0/0']);
    await again.backend.resync(everything, surroundings);
    assert.deepEqual(again.sent, []);
    assert.equal(ask(world.pod1, '10.244.1.254:30080').slice(0, 3), 'pod');
    await start().backend.resync(everything, surroundings);
    assert.equal(ask(world.pod1, '10.244.1.254:30080'), 'refused');
    assert.equal(ask(world.pod1, '192.0.2.1:30080').slice(0, 3), 'pod');
  });

  it('cluster IP and node port reach both pods, the rest is refused or dropped', async () => {
    await start().backend.resync(everything, surroundings);
    assert.deepEqual(new Set([...asked(world.node, '10.96.0.10:80')].map((answer) => answer.split(' ')[0])), new Set(['pod1', 'pod2']));
    assert.deepEqual(
      asked(world.pod1, '10.96.0.10:80'),
      new Set(['pod1 10.244.1.254', 'pod2 10.244.1.1']),
      'hairpin is masqueraded, the rest is not',
    );
    assert.deepEqual(asked(world.out, '192.0.2.1:30080'), new Set(['pod1 10.244.1.254', 'pod2 10.244.1.254']));
    assert.equal(ask(world.node, '10.96.0.11:80'), 'refused', 'no endpoints');
    assert.equal(ask(world.pod1, '10.96.0.11:80'), 'refused', 'no endpoints, from a pod');
    assert.equal(ask(world.pod1, '10.96.0.15:80'), 'timed out', 'endpoints elsewhere only');
    assert.equal(ask(world.pod1, '10.96.0.10:81'), 'refused', 'a port that the service has not');
    assert.equal(ask(world.pod1, '10.96.77.77:80'), 'timed out', 'unassigned');
  });

  it('a client with session affinity stays with one pod', async () => {
    const { backend } = start();
    const object = service('sticky', { clusterIP: '10.96.0.18', ...sticky });
    await backend.resync([want(object, both)], surroundings);
    const [first = ''] = asked(world.pod2, '10.96.0.18:80', 6);
    assert.equal(asked(world.pod2, '10.96.0.18:80', 6).size, 1);
    assert.match(table(), /elements = \{ 10\.244\.1\.2 expires 1d2h/);
    const left = first.startsWith('pod1') ? endpoint(1, 2) : endpoint(1, 1);
    await backend.update([{ key: 'ns/sticky', service: want(object, [left]) }]);
    const [second = ''] = asked(world.pod2, '10.96.0.18:80', 6);
    assert.notEqual(second.slice(0, 4), first.slice(0, 4));
    const shorter = service('sticky', {
      clusterIP: '10.96.0.18',
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
    });
    await backend.update([{ key: 'ns/sticky', service: want(shorter, both) }]);
    assert.equal(asked(world.pod2, '10.96.0.18:80', 6).size, 1);
    assert.match(table(), /timeout 1m/);
    await backend.update([{ key: 'ns/sticky', service: want(service('sticky', { clusterIP: '10.96.0.18' }), both) }]);
    assert.equal(asked(world.pod2, '10.96.0.18:80').size, 2);
    assert.ok(!table().includes('affinity-'));
  });

  it("external policy Local keeps the client's address, and drops where no endpoint is", async () => {
    const { backend } = start();
    await backend.resync([want(nodePort({ externalTrafficPolicy: 'Local' }), both)], surroundings);
    assert.deepEqual(asked(world.out, '192.0.2.1:30080'), new Set(['pod1 192.0.2.2', 'pod2 192.0.2.2']));
    const elsewhere = [endpoint(2, 77)];
    await backend.update([{ key: 'ns/web', service: want(nodePort({ externalTrafficPolicy: 'Local' }), elsewhere) }]);
    assert.equal(ask(world.out, '192.0.2.1:30080'), 'timed out');
  });

  it("a load balancer's source ranges", async () => {
    const { backend } = start();
    await backend.resync([want(balancer({ loadBalancerSourceRanges: ['203.0.113.0/24'] }), both)], surroundings);
    assert.equal(ask(world.out, '198.51.100.2:443'), 'timed out');
    assert.equal(ask(world.out, '192.0.2.1:30443').slice(0, 3), 'pod', 'node ports are nothing to them');
    await backend.update([
      { key: 'ns/lb', service: want(balancer({ loadBalancerSourceRanges: ['203.0.113.0/24', '192.0.2.0/24'] }), both) },
    ]);
    assert.equal(ask(world.out, '198.51.100.2:443').slice(0, 3), 'pod');
    await backend.update([{ key: 'ns/lb', service: want(balancer({}), both) }]);
    assert.equal(ask(world.out, '198.51.100.2:443').slice(0, 3), 'pod');
  });

  it('endpoints come and go, services too; chains go when a second has passed', async () => {
    const { backend, time, failures } = start();
    await backend.resync([], surroundings);
    const step = (endpoints: readonly EndpointFixture[]) => backend.update([{ key: 'ns/web', service: want(nodePort(), endpoints) }]);
    await step(both);
    await step([endpoint(1, 2)]);
    assert.deepEqual(asked(world.out, '192.0.2.1:30080'), new Set(['pod2 10.244.1.254']));
    await step([]);
    assert.equal(ask(world.out, '192.0.2.1:30080'), 'refused');
    assert.equal(ask(world.pod1, '10.96.0.10:80'), 'refused');
    await step(both);
    assert.equal(asked(world.pod1, '10.96.0.10:80').size, 2);
    await backend.update([{ key: 'ns/web', service: undefined }]);
    assert.equal(ask(world.pod1, '10.96.0.10:80'), 'timed out');
    assert.match(table(), /chain service-KGB2OZAJ/);
    time.now = 1000;
    assert.equal(await backend.intact(), true);
    assert.ok(!table().includes('chain service-KGB2OZAJ'));
    assert.deepEqual(failures, []);
  });

  it('what somebody flushed is made anew', async () => {
    const { backend } = start();
    await backend.resync(everything, surroundings);
    assert.equal(await backend.intact(), true);
    inside(world.node, 'nft', 'flush', 'ruleset');
    assert.equal(await backend.intact(), false);
    await assert.rejects(backend.update([{ key: 'ns/web', service: undefined }]));
    await backend.resync(everything, surroundings);
    assert.equal(await backend.intact(), true);
    assert.equal(ask(world.out, '192.0.2.1:30080').slice(0, 3), 'pod');
  });

  it('a table that is laid out otherwise is taken over', async () => {
    const older = [
      'add table ip kube-proxy',
      'add map ip kube-proxy service-ips { type ipv4_addr . inet_service : verdict ; }',
      'add chain ip kube-proxy filter-input { type filter hook input priority -110 ; }',
      'add chain ip kube-proxy mark-for-masquerade',
      'add rule ip kube-proxy filter-input jump mark-for-masquerade',
    ];
    execFileSync('ip', ['netns', 'exec', world.node, 'nft', '-f', '-'], { input: older.join('\n') });
    await start().backend.resync(everything, surroundings);
    assert.equal(asked(world.pod1, '10.96.0.10:80').size, 2);
    const hooks = [
      'flush chain ip kube-proxy filter-input',
      'delete chain ip kube-proxy filter-input',
      'add chain ip kube-proxy filter-input { type filter hook input priority -110 ; }',
      'add chain ip kube-proxy filter-prerouting { type filter hook prerouting priority -110 ; }',
      'add chain ip kube-proxy mark-for-masquerade',
      'add rule ip kube-proxy filter-input jump mark-for-masquerade',
      'add rule ip kube-proxy mark-for-masquerade accept',
    ];
    execFileSync('ip', ['netns', 'exec', world.node, 'nft', '-f', '-'], { input: hooks.join('\n') });
    const taking = start();
    await taking.backend.resync(everything, surroundings);
    taking.time.now = 1000;
    assert.equal(await taking.backend.intact(), true);
    assert.deepEqual(taking.failures, []);
    assert.match(table(), /chain filter-input \{\n\t\ttype filter hook input priority 0;/);
    assert.ok(!/mark-for-masquerade|filter-prerouting \{/.test(table()));
  });
});
