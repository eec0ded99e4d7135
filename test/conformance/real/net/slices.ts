import assert from 'node:assert/strict';
import type { Context } from '../../context.ts';
import { within } from '../../resource.ts';
import type { Specs } from '../../specs.ts';
import { lasting } from '../run.ts';
import { agentOf, agentPod, clusterIPOf, ipOf, makeService, reaches, readyPods, servicePort, slicesOf } from './agents.ts';

const area = '[sig-network] EndpointSlice';

/** A Service that nobody but the spec finds endpoints for. */
async function unselective(c: Context): Promise<string> {
  const ports = [servicePort(80, 80, { name: 'port80' }), servicePort(81, 81, { name: 'port81' })];
  return clusterIPOf(await makeService(c, 'example-custom-endpoints', { ports }));
}

async function slice(c: Context, ip: string, name: string, port: number): Promise<void> {
  const labels = {
    'kubernetes.io/service-name': 'example-custom-endpoints',
    'endpointslice.kubernetes.io/managed-by': `e2e-test${c.namespace}`,
  };
  await slicesOf(c).create({
    metadata: { generateName: 'e2e-custom-slice', labels },
    addressType: 'IPv4',
    endpoints: [{ addresses: [ip], conditions: { ready: true } }],
    ports: [{ name, port, protocol: 'TCP' }],
  });
}

export const netSlices: Specs = {
  async [`${area} should support a Service with multiple ports specified in multiple EndpointSlices`](c) {
    const host = await unselective(c);
    const [first, second] = [agentOf({ http: [8090] }), agentOf({ http: [9090] }, { name: 'other' })];
    const [pod] = await readyPods(c, lasting('serving', [first, second]), agentPod('asker'));
    assert.ok(pod);
    await slice(c, ipOf(pod), 'port80', 8090);
    await slice(c, ipOf(pod), 'port81', 9090);
    for (const port of [80, 81]) await reaches(c, 'asker', { host, port }, ['serving']);
    // Slices of others do not make Endpoints.
    assert.equal(await within(c, 'v1', 'endpoints').exists('example-custom-endpoints'), false);
  },

  async [`${area} should support a Service with multiple endpoint IPs specified in multiple EndpointSlices`](c) {
    const host = await unselective(c);
    const serving = { http: [8090] };
    const [one, two] = await readyPods(c, agentPod('one', {}, serving), agentPod('two', {}, serving), agentPod('asker'));
    assert.ok(one && two);
    await slice(c, ipOf(one), 'port80', 8090);
    await slice(c, ipOf(two), 'port81', 8090);
    await reaches(c, 'asker', { host, port: 80 }, ['one']);
    await reaches(c, 'asker', { host, port: 81 }, ['two']);
  },
};
