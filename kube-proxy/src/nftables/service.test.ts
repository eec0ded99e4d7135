import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Service } from '@keelson/types';
import { wantedService } from '../model/services.ts';
import { type EndpointFixture, endpoint, place, service, slice } from '../testdata.ts';
import { baseTable } from './base.ts';
import { writeBase, writeService } from './change.ts';
import { endpointNames, portChains } from './names.ts';
import { renderService } from './service.ts';
import { Transaction } from './transaction.ts';
import { noRules, noTable, type RenderOptions } from './types.ts';

/** Transcripts: what is sent to a kernel without our table. `UPDATE=1 node --test …` writes them anew; read the difference before you keep it. */
function transcript(name: string, text: string): void {
  const file = new URL(`./transcripts/${name}.txt`, import.meta.url);
  if (process.env.UPDATE) writeFileSync(file, text);
  assert.equal(text, readFileSync(file, 'utf8'));
}

const render: RenderOptions = { clusterCIDR: '10.244.0.0/16', masqueradeAll: false, masqueradeEgress: false, masqueradeBit: 14 };
const nodeIP = '192.0.2.1';
const ports = [{ name: 'p', port: 80, nodePort: 30080, protocol: 'TCP' }];
const both = [endpoint(1, 1), endpoint(2, 2)];
const ingress = { loadBalancer: { ingress: [{ ip: '192.0.2.8' }] } };
const affinity = { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } };

const cases: { name: string; service: Service; endpoints: readonly EndpointFixture[]; options?: Partial<RenderOptions> }[] = [
  { name: 'cluster-ip', service: service('web'), endpoints: both },
  { name: 'many-endpoints', service: service('web'), endpoints: Array.from({ length: 9 }, (_, i) => endpoint(2, i + 1)) },
  { name: 'no-endpoints', service: service('web', { type: 'NodePort', ports }), endpoints: [] },
  { name: 'node-port', service: service('web', { type: 'NodePort', ports }), endpoints: both },
  { name: 'affinity', service: service('web', affinity), endpoints: both },
  {
    name: 'external-local',
    service: service('web', { type: 'LoadBalancer', ports, externalTrafficPolicy: 'Local', healthCheckNodePort: 30999 }, ingress),
    endpoints: both,
  },
  {
    name: 'external-local-none-here',
    service: service('web', { type: 'NodePort', ports, externalTrafficPolicy: 'Local' }),
    endpoints: both.slice(1),
  },
  { name: 'internal-local-none-here', service: service('web', { internalTrafficPolicy: 'Local' }), endpoints: both.slice(1) },
  {
    name: 'source-ranges',
    service: service('web', { type: 'LoadBalancer', ports, loadBalancerSourceRanges: ['203.0.113.0/24', '192.0.2.0/30'] }, ingress),
    endpoints: both.slice(0, 1),
  },
  { name: 'external-ips', service: service('web', { externalIPs: ['198.51.100.7'] }), endpoints: both.slice(0, 1) },
];

function baseText(options: Partial<RenderOptions>, nodePortIPs: readonly string[] | undefined): string {
  const tx = new Transaction();
  tx.begin(false);
  const base = baseTable({ ...render, ...options, nodePortIPs, serviceRanges: ['10.96.0.0/16'] });
  writeBase(tx, noTable, base, false);
  writeBase(tx, noTable, base, true);
  return tx.text();
}

describe('rules of a service', () => {
  for (const { name, service, endpoints, options } of cases) {
    it(name, () => {
      const wanted = wantedService(service, [slice('web', endpoints)], place);
      assert.ok(wanted);
      const tx = new Transaction();
      const rules = renderService(wanted, { ...render, ...options }, nodeIP);
      writeService(tx, noRules, rules);
      for (const [id, tail] of rules.elements) tx.addElement(id, tail);
      transcript(name, tx.text());
    });
  }

  it('what is there whatever the services', () => {
    transcript('base', baseText({ masqueradeEgress: true }, [nodeIP]));
    transcript('base-all-addresses', baseText({ masqueradeAll: true, masqueradeBit: 31 }, undefined));
  });

  it("uses Kubernetes' names", () => {
    assert.equal(portChains('ns1/svc1:p80', 'tcp').service, 'service-ULMVA6XW-ns1/svc1/tcp/p80');
    const names = endpointNames('ns5/svc5:p80', 'tcp', { ip: '10.180.0.3', port: 80, local: false });
    assert.deepEqual(names, {
      chain: 'endpoint-GTK6MW7G-ns5/svc5/tcp/p80__10.180.0.3/80',
      affinity: 'affinity-GTK6MW7G-ns5/svc5/tcp/p80__10.180.0.3/80',
    });
    assert.match(portChains('ns/unnamed', 'udp').local, /^local-[A-Z2-7]{8}-ns\/unnamed\/udp\/$/);
    const label = 'a'.repeat(63);
    const long = endpointNames(`${label}/${label}:${label}`, 'sctp', {
      ip: 'fd00:1234:1234:1234:1234:1234:1234:1234',
      port: 65_535,
      local: false,
    });
    assert.equal(long.chain.length, 'endpoint-'.length + 240);
    assert.ok(long.chain.endsWith('...'));
  });
});
