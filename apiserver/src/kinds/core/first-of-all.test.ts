import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Node, Pod } from '@keelson/types';
import { type Fixture, startServer } from '../../testing/fixture.ts';

let server: Fixture;
before(async () => {
  server = await startServer({ disabledAdmission: ['ServiceAccount'] });
});
after(() => server.close());

const table: [one: string | undefined, all: string[] | undefined, wanted: string[]][] = [
  ['10.0.0.1', undefined, ['10.0.0.1']],
  [undefined, ['10.0.0.2', 'fd00::2'], ['10.0.0.2', 'fd00::2']],
  ['10.0.0.3', ['10.0.0.3', 'fd00::3'], ['10.0.0.3', 'fd00::3']],
  ['10.0.0.4', ['10.0.0.5'], ['10.0.0.4']],
];

for (const [index, [one, all, wanted]] of table.entries()) {
  test(`addresses of a pod: ${one} and ${all} are ${wanted}`, async () => {
    const name = `p${index}`;
    const spec = { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] };
    await server.api.create(Pod, { metadata: { name, namespace: 'default' }, spec });
    const status = { ...(one ? { podIP: one } : {}), ...(all ? { podIPs: all.map((ip) => ({ ip })) } : {}) };
    const answer = await server.send('PUT', `/api/v1/namespaces/default/pods/${name}/status`, { metadata: { name }, spec, status });
    const { podIP, podIPs } = answer.json<Pod>().status ?? {};
    assert.deepEqual([podIP, podIPs?.map(({ ip }) => ip)], [wanted[0], wanted]);
  });

  test(`ranges of a node: ${one} and ${all} are ${wanted}`, async () => {
    const range = (ip: string): string => `${ip.replace(/[^.:]+$/, '0')}/${ip.includes(':') ? 64 : 24}`;
    const spec = { ...(one ? { podCIDR: range(one) } : {}), ...(all ? { podCIDRs: all.map(range) } : {}) };
    const made = await server.api.create(Node, { metadata: { name: `n${index}` }, spec });
    assert.deepEqual([made.spec?.podCIDR, made.spec?.podCIDRs], [range(wanted[0] ?? ''), wanted.map(range)]);
  });
}
