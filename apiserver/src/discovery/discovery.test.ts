import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parseYaml } from '@keelson/machinery';
import type { APIGroupList, APIResourceList } from '@keelson/types';
import { loadSchemas } from '@keelson/types/schemas';
import { decodeProtobuf } from '../http/protobuf/protobuf.ts';
import { type Fixture, startServer } from '../testing/fixture.ts';

let server: Fixture;
before(async () => {
  server = await startServer();
});
after(() => server.close());

const v2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

test('the legacy documents', async () => {
  const core = (await server.send('GET', '/api')).json<{ kind: string; versions: string[]; serverAddressByClientCIDRs: object[] }>();
  assert.deepEqual(
    [core.kind, core.versions, core.serverAddressByClientCIDRs],
    ['APIVersions', ['v1'], [{ clientCIDR: '0.0.0.0/0', serverAddress: '192.0.2.1:6443' }]],
  );
  const { groups } = (await server.send('GET', '/apis')).json<APIGroupList>();
  assert.deepEqual(
    groups.find(({ name }) => name === 'apps'),
    {
      name: 'apps',
      versions: [{ groupVersion: 'apps/v1', version: 'v1' }],
      preferredVersion: { groupVersion: 'apps/v1', version: 'v1' },
    },
  );
  assert.equal((await server.send('GET', '/apis/apps')).json<{ kind: string }>().kind, 'APIGroup');
  const pods = (await server.send('GET', '/api/v1')).json<APIResourceList>();
  assert.equal(pods.groupVersion, 'v1');
  assert.deepEqual(
    pods.resources.find(({ name }) => name === 'pods'),
    {
      name: 'pods',
      singularName: 'pod',
      namespaced: true,
      kind: 'Pod',
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['po'],
      categories: ['all'],
      storageVersionHash: 'xPOwRZ+Yhw8=',
    },
  );
  for (const path of ['/apis/autoscaling/v1', '/apis/autoscaling/v2']) {
    const [first] = (await server.send('GET', path)).json<APIResourceList>().resources;
    assert.equal((first as { storageVersionHash?: string }).storageVersionHash, 'qwQve8ut294=');
  }
  const scale = (await server.send('GET', '/apis/apps/v1'))
    .json<APIResourceList>()
    .resources.find(({ name }) => name === 'deployments/scale');
  assert.deepEqual([scale?.group, scale?.version, scale?.kind, scale?.verbs], ['autoscaling', 'v1', 'Scale', ['get', 'patch', 'update']]);
  assert.equal((await server.send('GET', '/api/v1/')).status, 200);
});

test('the legacy documents in the form that is preferred', async () => {
  const schemas = await loadSchemas();
  for (const path of ['/api', '/api/v1', '/apis', '/apis/apps', '/apis/apps/v1', '/apis/batch/v1']) {
    const plain = (await server.send('GET', path)).json<object>();
    const sent = await server.send('GET', path, undefined, { accept: 'application/vnd.kubernetes.protobuf,application/json' });
    assert.equal(sent.headers['content-type'], 'application/vnd.kubernetes.protobuf');
    assert.deepEqual(await decodeProtobuf(sent.bytes, schemas), { apiVersion: '', ...plain }, path);
    const yaml = await server.send('GET', path, undefined, { accept: 'application/yaml' });
    assert.deepEqual(parseYaml(yaml.text).value, plain);
    assert.equal((await server.send('GET', path, undefined, { accept: 'text/html' })).status, 406);
  }
});

test('the aggregated document says the same, and 304 while it stays', async () => {
  interface Discovery {
    readonly items: ReadonlyArray<{
      metadata: { name?: string };
      versions: ReadonlyArray<{ version: string; freshness: string; resources: ReadonlyArray<{ resource: string; verbs: string[] }> }>;
    }>;
  }
  const answer = await server.send('GET', '/apis', undefined, { accept: `${v2},application/json;q=0.9` });
  assert.equal(answer.headers['content-type'], v2);
  const { items } = answer.json<Discovery>();
  for (const { metadata, versions } of items) {
    for (const { version, resources, freshness } of versions) {
      assert.equal(freshness, 'Current');
      const legacy = (await server.send('GET', `/apis/${metadata.name}/${version}`)).json<APIResourceList>();
      assert.deepEqual(
        resources.map(({ resource, verbs }) => [resource, verbs]),
        legacy.resources.filter(({ name }) => !name.includes('/')).map(({ name, verbs }) => [name, verbs]),
      );
    }
  }
  const again = await server.send('GET', '/apis', undefined, { accept: v2, 'if-none-match': String(answer.headers.etag) });
  assert.deepEqual([again.status, again.text], [304, '']);
  const beta = await server.send('GET', '/api', undefined, { accept: v2.replace('v=v2', 'v=v2beta1') });
  assert.equal(beta.json<{ apiVersion: string }>().apiVersion, 'apidiscovery.k8s.io/v2beta1');
});

test('OpenAPI v3: an index with hashes, documents that parse and hold together', async () => {
  const { paths } = (await server.send('GET', '/openapi/v3')).json<{ paths: Record<string, { serverRelativeURL: string }> }>();
  assert.ok(paths['api/v1'] && paths['apis/apps/v1']);
  for (const path of ['api/v1', 'apis/apps/v1']) {
    const answer = await server.send('GET', paths[path]?.serverRelativeURL ?? '');
    assert.match(String(answer.headers['cache-control']), /immutable/);
    const { components, paths: operations } = answer.json<{ components: { schemas: Record<string, object> }; paths: object }>();
    for (const [, name] of answer.text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)) assert.ok(components.schemas[name as string], name);
    assert.ok(Object.keys(operations).length > 5);
    // Go's clients write back no empty lists: a document with such would not be the same to them when read again.
    assert.doesNotMatch(answer.text, /:\[\]/);
  }
});

test('OpenAPI v2: definitions, lists among them, and paths with parameters that say what they do', async () => {
  type Named = Record<string, { description?: string; properties?: Record<string, { description?: string }> }>;
  interface Operation {
    readonly parameters: readonly { $ref: string }[];
    readonly responses: { 200: { schema: { $ref: string } } };
  }
  const answer = await server.send('GET', '/openapi/v2');
  const document = answer.json<{ swagger: string; definitions: Named; parameters: Named; paths: Record<string, { get?: Operation }> }>();
  assert.equal(document.swagger, '2.0');
  assert.ok(document.definitions['io.k8s.api.core.v1.Pod']);
  for (const [, name] of answer.text.matchAll(/"#\/definitions\/([^"]+)"/g)) assert.ok(document.definitions[name as string], name);
  for (const [, name] of answer.text.matchAll(/"#\/parameters\/([^"]+)"/g)) assert.ok(document.parameters[name as string], name);
  assert.equal(document.definitions['io.k8s.api.core.v1.ServiceList']?.properties?.items?.description, 'List of services');
  const { get } = document.paths['/api/v1/namespaces/{namespace}/services'] ?? {};
  assert.ok(get?.parameters.some(({ $ref }) => $ref === '#/parameters/watch'));
  assert.equal(get?.responses[200].schema.$ref, '#/definitions/io.k8s.api.core.v1.ServiceList');
  // What upstream's own test of this document looks for.
  assert.match(document.parameters.watch?.description ?? '', /^Watch for changes to the described resources/);
  assert.match(document.parameters.labelSelector?.description ?? '', /list of returned objects/);
});

test('types that are no objects are published as upstream publishes them', async () => {
  type Schemas = Record<string, { properties?: Record<string, object>; description?: string }>;
  const v3 = (await server.send('GET', '/openapi/v3/api/v1')).json<{ components: { schemas: Schemas } }>().components.schemas;
  const v2 = (await server.send('GET', '/openapi/v2')).json<{ definitions: Schemas }>().definitions;
  const [quantity, port] = ['io.k8s.apimachinery.pkg.api.resource.Quantity', 'io.k8s.apimachinery.pkg.util.intstr.IntOrString'];
  const bare = (schemas: Schemas, name: string): object => ({ ...schemas[name], description: '' });
  assert.deepEqual(bare(v3, quantity), { description: '', oneOf: [{ type: 'string' }, { type: 'number' }] });
  assert.deepEqual(bare(v2, quantity), { description: '', type: 'string' });
  assert.deepEqual(bare(v3, port), { description: '', format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] });
  assert.deepEqual(bare(v2, port), { description: '', type: 'string', format: 'int-or-string' });
  const limits = v3['io.k8s.api.core.v1.ResourceRequirements']?.properties?.limits as { additionalProperties: object };
  assert.deepEqual(limits.additionalProperties, { $ref: `#/components/schemas/${quantity}` });
});

test('version, health, metrics and the list of paths', async () => {
  assert.equal((await server.send('GET', '/version')).json<{ gitVersion: string }>().gitVersion, 'v1.36.0');
  for (const path of ['/healthz', '/livez', '/readyz'])
    assert.deepEqual([(await server.send('GET', path)).status, (await server.send('GET', path)).text], [200, 'ok']);
  const named = async (path: string): Promise<string[]> =>
    (await server.send('GET', `${path}?verbose`)).text.split('\n').flatMap((line) => /^\[\+\](\S+) ok$/.exec(line)?.[1] ?? []);
  const ready = await named('/readyz');
  assert.deepEqual(ready.slice(0, 6), [
    'ping',
    'log',
    'etcd',
    'etcd-readiness',
    'informer-sync',
    'poststarthook/start-apiserver-admission-initializer',
  ]);
  assert.deepEqual(ready.slice(-3), [
    'poststarthook/apiservice-openapi-controller',
    'poststarthook/apiservice-openapiv3-controller',
    'shutdown',
  ]);
  const elsewhere = ready.filter((name) => !['etcd-readiness', 'informer-sync', 'shutdown'].includes(name));
  assert.deepEqual([await named('/livez'), await named('/healthz')], [elsewhere, elsewhere]);
  assert.equal((await server.send('GET', '/readyz/ping')).text, 'ok');
  assert.match((await server.send('GET', '/metrics/slis')).text, /^kubernetes_healthcheck\{name="ping",type="readyz"\} 1$/m);
  const metrics = await server.send('GET', '/metrics');
  assert.match(metrics.text, /apiserver_request_total\{[^}]*verb="GET"/);
  assert.ok((await server.send('GET', '/')).json<{ paths: string[] }>().paths.includes('/apis/apps/v1'));
});
