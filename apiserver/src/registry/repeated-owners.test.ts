import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ConfigMap, OwnerReference } from '@keelson/types';
import { type Answer, type Fixture, startServer } from '../testing/fixture.ts';

let server: Fixture;
before(async () => {
  server = await startServer();
});
after(() => server.close());

const path = '/api/v1/namespaces/default/configmaps';
const owner = (name: string, uid: string): OwnerReference => ({ apiVersion: 'v1', kind: 'ConfigMap', name, uid });
const a = owner('a', '00000000-0000-4000-8000-00000000000a');
const b = owner('b', '00000000-0000-4000-8000-00000000000b');
const rest =
  'API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed';
const sent = `299 - ".metadata.ownerReferences contains duplicate entries; ${rest}: ${a.uid}"`;
const admitted = `299 - ".metadata.ownerReferences contains duplicate entries after mutating admission happens; ${rest}: ${a.uid}"`;

function holds(answer: Answer, owners: readonly OwnerReference[], warning: string | undefined): ConfigMap {
  const object = answer.json<ConfigMap>();
  assert.deepEqual(object.metadata.ownerReferences, owners, answer.text);
  assert.deepEqual(answer.headers.warning, warning === undefined ? undefined : [warning]);
  return object;
}

test('an owner that stands twice in a write is kept once, and its writer is warned', async () => {
  const add = (owners: OwnerReference): Promise<Answer> =>
    server.send('PATCH', `${path}/owned`, [{ op: 'add', path: '/metadata/ownerReferences/-', value: owners }], {
      'content-type': 'application/json-patch+json',
    });
  const object = { metadata: { name: 'owned', ownerReferences: [a, a] }, data: { k: 'v' } };
  assert.ok(holds(await server.send('POST', path, object), [a], sent).metadata.managedFields);
  const updated = holds(await server.send('PUT', `${path}/owned`, object), [a], sent);
  holds(await add(a), [a], admitted);
  updated.metadata.resourceVersion = '';
  updated.metadata.ownerReferences = [a, { ...a, name: 'renamed' }];
  holds(await server.send('PUT', `${path}/owned`, updated), [a, { ...a, name: 'renamed' }], undefined);
  holds(await add(b), [a, { ...a, name: 'renamed' }, b], undefined);
});
