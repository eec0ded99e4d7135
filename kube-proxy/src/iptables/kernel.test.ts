import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { wantedService } from '../model/services.ts';
import { endpoint, place, render, service, slice } from '../testdata.ts';
import { noNamespaces, TestNode } from '../testnode.ts';
import { fullChange, serviceChange } from './change.ts';
import { cleanup } from './cleanup.ts';
import type { Rules } from './contract.ts';
import { type Flavour, kernelRules } from './kernel.ts';
import { noRules, type ServiceRules } from './rules.ts';
import { parseSave } from './save.ts';
import { script } from './script.ts';
import { renderService } from './service.ts';

const why = noNamespaces([
  ['iptables-nft', '--version'],
  ['iptables-legacy', '--version'],
  ['socat', '-V'],
]);
if (why) console.error(`SKIPPED: kube-proxy rules in a real kernel: ${why}`);

const world = new TestNode('kpt');

const rulesOf = (...args: Parameters<typeof wantedService>): ServiceRules => {
  const wanted = wantedService(...args);
  return wanted ? renderService(wanted, render) : noRules;
};

const endpoints = [endpoint(1, 1), endpoint(1, 2)];
const nodePort = service('web', { type: 'NodePort', ports: [{ name: 'p', port: 80, nodePort: 30080, protocol: 'TCP' }] });
const web = rulesOf(nodePort, [slice('web', endpoints)], place);
const empty = rulesOf(service('empty', { clusterIP: '10.96.0.11' }), [], place);
const everything = rulesOf(
  service(
    'all',
    {
      type: 'LoadBalancer',
      clusterIP: '10.96.0.12',
      externalIPs: ['198.51.100.1'],
      externalTrafficPolicy: 'Local',
      internalTrafficPolicy: 'Local',
      healthCheckNodePort: 30999,
      loadBalancerSourceRanges: ['203.0.113.0/24'],
      sessionAffinity: 'ClientIP',
      ports: [{ name: 'p', port: 443, nodePort: 30443, protocol: 'TCP' }],
    },
    { loadBalancer: { ingress: [{ ip: '198.51.100.2' }] } },
  ),
  [slice('all', [endpoint(1, 1), endpoint(2, 2), endpoint(3, 3)])],
  place,
);
const udp = rulesOf(
  service('dns', {
    clusterIP: '10.96.0.13',
    ports: [
      { name: 'p', port: 53, protocol: 'UDP' },
      { port: 54, protocol: 'UDP' },
    ],
  }),
  [slice('dns', endpoints, 53, 'UDP')],
  place,
);

async function full(rules: Rules, services: readonly ServiceRules[], options = render): Promise<number> {
  const changes = fullChange(parseSave(await rules.save()), options, services);
  for (const change of changes) await rules.restore(script([change]));
  return changes.length;
}

describe('rules in a real kernel', { skip: why ?? false }, () => {
  before(() => world.build());
  after(() => world.close());

  for (const flavour of ['nft', 'legacy'] satisfies Flavour[]) {
    it(`${flavour}: what is saved is what was wanted, and cleanup leaves nothing`, async () => {
      const rules = await kernelRules(flavour, world.enter);
      const options = { ...render, masqueradeEgress: true };
      await full(rules, [web, empty, everything, udp], options);
      assert.deepEqual(fullChange(parseSave(await rules.save()), options, [web, empty, everything, udp]), []);
      await rules.restore(script([serviceChange(everything, noRules), serviceChange(udp, noRules), serviceChange(empty, noRules)]));
      assert.deepEqual(fullChange(parseSave(await rules.save()), options, [web]), []);
      await cleanup(rules);
      assert.ok(!(await rules.save()).includes('KUBE-'));
    });

    it(`${flavour}: cluster IP and node port reach both pods, the rest is refused`, async () => {
      const rules = await kernelRules(flavour, world.enter);
      await full(rules, [web, empty]);
      const asked = (from: string, address: string): string[] => Array.from({ length: 16 }, () => world.ask(from, address));
      assert.deepEqual(new Set(asked(world.node, '10.96.0.10:80').map((answer) => answer.split(' ')[0])), new Set(['pod1', 'pod2']));
      assert.deepEqual(
        new Set(asked(world.pod1, '10.96.0.10:80')),
        new Set(['pod1 10.244.1.254', 'pod2 10.244.1.1']),
        'hairpin is masqueraded, the rest is not',
      );
      assert.deepEqual(new Set(asked(world.out, '192.0.2.1:30080')), new Set(['pod1 10.244.1.254', 'pod2 10.244.1.254']));
      assert.equal(world.ask(world.node, '10.96.0.11:80'), 'refused', 'no endpoints');
      assert.equal(world.ask(world.pod1, '10.96.77.77:80'), 'refused', 'unassigned, from a pod');
      assert.equal(world.ask(world.node, '10.96.77.77:80'), 'refused', 'unassigned, from the node');
      await cleanup(rules);
    });
  }
});
