import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startServer } from '../../testing/fixture.ts';

/* More that is wrong with an object than a call may have arguments, and than a look at all before each would have time for. */

const count = 130_000;
const labels = Object.fromEntries(Array.from({ length: count }, (_, n) => [`!${n}`, '']));
const container = { name: 'c', image: 'i' };
const untyped = Object.fromEntries(Array.from({ length: count }, (_, n) => [`p${n}`, {}]));

const objects: Readonly<Record<string, object>> = {
  '/api/v1/namespaces/default/services': { spec: { selector: labels, ports: [{ port: 1 }] } },
  '/api/v1/namespaces/default/podtemplates': { template: { spec: { containers: [container], nodeSelector: labels } } },
  '/apis/apps/v1/namespaces/default/statefulsets': {
    spec: {
      serviceName: 's',
      selector: { matchLabels: labels },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [container] } },
    },
  },
  '/apis/apiextensions.k8s.io/v1/customresourcedefinitions': {
    spec: {
      ...{ group: 'a.b', scope: 'Namespaced', names: { plural: 'xs', kind: 'X' } },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: untyped } } }],
    },
  },
  '/apis/certificates.k8s.io/v1/certificatesigningrequests': {
    spec: { request: 'YQ==', signerName: 'a.b/c', usages: Array.from({ length: count }, (_, n) => `u${n}`) },
  },
  '/api/v1/namespaces/default/configmaps': {
    metadata: { name: 'owned', ownerReferences: Array.from({ length: 50_000 }, (_, n) => ({ uid: 'u', name: `${n}` })) },
  },
  '/api/v1/nodes': { spec: { taints: Array.from({ length: 60_000 }, (_, n) => ({ key: `k${n}` })) } },
};

test('is told, and nobody is held up', async (t) => {
  const server = await startServer();
  t.after(() => server.close());
  for (const [path, object] of Object.entries(objects)) {
    const { status, text } = await server.send('POST', path, { metadata: { name: 'xs.a.b' }, ...object });
    assert.equal(status, 422, `${path}: ${text.slice(0, 300)}`);
  }
});
