import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Pod, ServiceAccount } from '@keelson/types';
import { type Fixture, podOf, startServer } from '../../testing/fixture.ts';

let server: Fixture;
const namespace = 'default';
before(async () => {
  server = await startServer();
  await server.api.create(ServiceAccount, { metadata: { name: 'default', namespace } });
});
after(() => server.close());

async function make(name: string, resources: object = {}): Promise<string> {
  const pod = podOf(name, { metadata: { namespace } }) as Pod;
  pod.spec.containers = pod.spec.containers.map((container) => ({ ...container, resources }));
  await server.api.create(Pod, pod);
  return `/api/v1/namespaces/${namespace}/pods/${name}`;
}

const strategic = { 'content-type': 'application/strategic-merge-patch+json' };

test('ephemeral containers are added, and nothing else is changed that way', async () => {
  const path = await make('debugged');
  const patch = {
    metadata: { labels: { a: 'b' } },
    spec: { hostNetwork: true, ephemeralContainers: [{ name: 'debug', image: 'tools:1' }] },
  };
  const answer = await server.send('PATCH', `${path}/ephemeralcontainers`, patch, strategic);
  assert.equal(answer.status, 200, answer.text);
  const pod = answer.json<Pod>();
  assert.equal(pod.spec.ephemeralContainers?.[0]?.terminationMessagePath, '/dev/termination-log');
  assert.deepEqual([pod.spec.hostNetwork, pod.metadata.labels, pod.metadata.generation], [undefined, undefined, 2]);
  const changed = { spec: { ephemeralContainers: [{ name: 'debug', image: 'tools:2' }] } };
  const refused = await server.send('PATCH', `${path}/ephemeralcontainers`, changed, strategic);
  assert.match(
    refused.json<{ message: string }>().message,
    /spec\.ephemeralContainers: Forbidden: existing ephemeral containers "debug" may not be changed/,
  );
  assert.equal(refused.status, 422);
  const twice = { spec: { ephemeralContainers: [{ name: 'main', image: 'tools:1' }] } };
  assert.match((await server.send('PATCH', `${path}/ephemeralcontainers`, twice, strategic)).text, /Duplicate value/);
});

test('resources are resized, but not a quality of service class', async () => {
  const path = await make('sized', { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '200m' } });
  const patch = (resources: object): object => ({ spec: { containers: [{ name: 'main', resources }] } });
  const answer = await server.send('PATCH', `${path}/resize`, patch({ requests: { cpu: '150m' } }), strategic);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.json<Pod>().spec.containers[0]?.resources?.requests?.cpu, '150m');
  const plain = await server.send('PATCH', path, patch({ requests: { cpu: '170m' } }), strategic);
  assert.equal(plain.status, 422);
  const guaranteed = patch({ requests: { cpu: '200m', memory: '64Mi' }, limits: { cpu: '200m', memory: '64Mi' } });
  const refused = await server.send('PATCH', `${path}/resize`, guaranteed, strategic);
  assert.match(refused.text, /Pod QOS Class may not change as a result of resizing/);
});
