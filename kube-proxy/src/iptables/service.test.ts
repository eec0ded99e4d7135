import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Service } from '@keelson/types';
import { wantedService } from '../model/services.ts';
import { type EndpointFixture, endpoint, place, render, service, slice } from '../testdata.ts';
import { fullChange, serviceChange } from './change.ts';
import { endpointChain, portChains } from './names.ts';
import { noRules, type RenderOptions } from './rules.ts';
import { script } from './script.ts';
import { renderService } from './service.ts';

/** Transcripts: what is sent to a kernel without our rules. `UPDATE=1 node --test …` writes them anew; read the difference before you keep it. */
function transcript(name: string, text: string): void {
  const file = new URL(`./transcripts/${name}.txt`, import.meta.url);
  if (process.env.UPDATE) writeFileSync(file, text);
  assert.equal(text, readFileSync(file, 'utf8'));
}

const ports = [{ name: 'p', port: 80, nodePort: 30080, protocol: 'TCP' }];
const both = [endpoint(1, 1), endpoint(2, 2)];
const ingress = { loadBalancer: { ingress: [{ ip: '192.0.2.8' }] } };

const cases: { name: string; service: Service; endpoints: readonly EndpointFixture[]; options?: Partial<RenderOptions> }[] = [
  { name: 'cluster-ip', service: service('web'), endpoints: both },
  { name: 'no-endpoints', service: service('web', { type: 'NodePort', ports }), endpoints: [] },
  { name: 'node-port', service: service('web', { type: 'NodePort', ports }), endpoints: both },
  { name: 'masquerade-all', service: service('web'), endpoints: both.slice(0, 1), options: { masqueradeAll: true } },
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
  {
    name: 'external-local-none-here',
    service: service('web', { type: 'NodePort', ports, externalTrafficPolicy: 'Local' }),
    endpoints: both.slice(1),
  },
  { name: 'internal-local-none-here', service: service('web', { internalTrafficPolicy: 'Local' }), endpoints: both.slice(1) },
  {
    name: 'source-ranges',
    service: service('web', { type: 'LoadBalancer', ports, loadBalancerSourceRanges: ['203.0.113.0/24'] }, ingress),
    endpoints: both.slice(0, 1),
  },
  { name: 'external-ips', service: service('web', { externalIPs: ['198.51.100.7'] }), endpoints: both.slice(0, 1) },
];

describe('rules of a service', () => {
  for (const { name, service, endpoints, options } of cases) {
    it(name, () => {
      const wanted = wantedService(service, [slice('web', endpoints)], place);
      assert.ok(wanted);
      transcript(name, script([serviceChange(noRules, renderService(wanted, { ...render, ...options }))]));
    });
  }

  it('base', () => transcript('base', script(fullChange(new Map(), { ...render, masqueradeEgress: true }, []))));

  it("uses Kubernetes' chain names", () => {
    assert.equal(portChains('ns1/svc1:p80', 'tcp').svc, 'KUBE-SVC-XPGD46QRK7WJZT7O');
    assert.equal(portChains('default/kubernetes:https', 'tcp').svc, 'KUBE-SVC-NPX46M4PTMTKRN6Y');
    assert.equal(endpointChain('ns1/svc1:p80', 'tcp', { ip: '10.180.0.1', port: 80, local: false }), 'KUBE-SEP-SXIVWICOYRO3J4NJ');
  });
});
