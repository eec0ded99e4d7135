import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { seededRandom, silentLogger } from '@keelson/base';
import type { ClientResponse } from '@keelson/client';
import { eventually, SimulatedClock } from '@keelson/testing';
import { resourceOf } from '../../../open-store.ts';
import { type Fixture, startServer } from '../../../testing/fixture.ts';
import { createMemoryStore } from '../../memory/memory.ts';
import type { Store } from '../../types.ts';
import { EncryptingStore } from '../encrypting.ts';
import { openEncryption } from '../file.ts';
import { FakeService } from './fake-service.ts';

const secrets = '/api/v1/namespaces/default/secrets';
const maps = '/api/v1/namespaces/default/configmaps';
const key = '/registry/secrets/default/s';
const end = new AbortController();
let directory: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keelson-outage-'));
});
after(async () => {
  end.abort();
  await rm(directory, { recursive: true });
});

async function configurationOf(resource: string): Promise<string> {
  const file = join(directory, `${resource}.yaml`);
  const providers = [{ kms: { apiVersion: 'v2', name: 'p', endpoint: 'unix:///p.sock' } }];
  const rules = {
    kind: 'EncryptionConfiguration',
    apiVersion: 'apiserver.config.k8s.io/v1',
    resources: [{ resources: [resource], providers }],
  };
  await writeFile(file, JSON.stringify(rules));
  return file;
}

/** A store in front of another, as a server opens it whose plugin is `service`. The one behind stays open. */
async function sealing(inner: Store, service: FakeService, clock: SimulatedClock, resource = 'secrets') {
  const file = await configurationOf(resource);
  const { rules, checks } = await openEncryption({
    ...{ file, reload: false, clock, random: seededRandom(1), log: silentLogger, signal: end.signal, connect: () => service },
  });
  const store = new EncryptingStore(inner, { rules, resourceOf: resourceOf(), nonce: randomBytes });
  return { store: Object.assign(store, { close: async () => undefined }), checks };
}

/** A store with a secret that was written while all was well. */
async function storeWithSecret(service: FakeService): Promise<Store> {
  const inner = createMemoryStore({ clock: new SimulatedClock() });
  const server = await startServer(await sealing(inner, service, new SimulatedClock()));
  await create(server, secrets, 's');
  await create(server, maps, 'm');
  await server.close();
  return inner;
}

async function create(server: Fixture, path: string, name: string): Promise<number> {
  return (await server.send('POST', path, { metadata: { name }, data: {} }, { 'content-type': 'application/json' })).status;
}

async function told(server: Fixture, method: 'DELETE' | 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<string> {
  const { status, json } = await server.send(method, path, body, { 'content-type': 'application/json' });
  return `${status} ${json<{ message?: string }>().message ?? ''}`;
}

test('without its plugin a server starts, serves what needs none, and says so; what was sealed is there when the plugin is', async () => {
  const service = new FakeService();
  const inner = await storeWithSecret(service);
  service.fault = 'gone';
  const clock = new SimulatedClock();
  const server = await startServer({ clock, ...(await sealing(inner, service, clock)) });
  assert.equal((await server.send('GET', `${maps}/m`)).status, 200);
  const closed = 'failed to decrypt DEK, error: gone';
  assert.equal(await told(server, 'GET', `${secrets}/s`), `500 Internal error occurred: ${closed}`);
  const first = await told(server, 'GET', `${secrets}?limit=500`);
  assert.equal(first, `500 Internal error occurred: unable to transform key "${key}": ${closed}`);
  assert.equal(await told(server, 'GET', secrets), '429 storage is (re)initializing');
  assert.equal(await told(server, 'GET', `${secrets}?watch=1`), '429 storage is (re)initializing');
  assert.equal(await told(server, 'DELETE', `${secrets}/s`), `500 Internal error occurred: ${closed}`);
  assert.equal(await told(server, 'PUT', `${secrets}/s`, { metadata: { name: 's' } }), `500 Internal error occurred: ${closed}`);
  const fresh = { metadata: { name: 't' } };
  assert.equal(await told(server, 'POST', secrets, fresh), '500 Internal error occurred: got unexpected nil transformer');
  for (const endpoint of ['healthz', 'livez', 'readyz'])
    assert.match((await server.send('GET', `/${endpoint}?verbose`)).text, /\[-\]kms-providers failed: reason withheld\n/);
  assert.equal((await server.send('GET', '/readyz/informer-sync')).status, 500);

  service.fault = '';
  await eventually(async () => {
    await clock.advance(5_000);
    return (await server.send('GET', secrets)).status === 200 && (await create(server, secrets, 't')) === 201;
  });
  assert.deepEqual(await namesIn(server), ['s', 't']);
  assert.equal((await server.send('GET', `${secrets}/s`)).status, 200);
  assert.equal((await server.send('GET', '/readyz')).text, 'ok');
  assert.equal(service.opened, 1, 'one seed');
  await server.close();
});

async function namesIn(server: Fixture): Promise<string[]> {
  const { items } = (await server.send('GET', secrets)).json<{ items: { metadata: { name: string } }[] }>();
  return items.map(({ metadata }) => metadata.name);
}

test('where everything is sealed, the checks of a start tell what waits for the plugin, and the start goes on by itself', async () => {
  const [service, clock, inner] = [new FakeService(), new SimulatedClock(), createMemoryStore({ clock: new SimulatedClock() })];
  const first = await startServer(await sealing(inner, service, new SimulatedClock(), '*.*'));
  await first.close();
  service.fault = 'gone';
  const server = await startServer({ clock, ...(await sealing(inner, service, clock, '*.*')) });
  const late = (await server.send('GET', '/readyz?verbose')).text.split('\n').flatMap((line) => /^\[-\](\S+) /.exec(line)?.[1] ?? []);
  assert.deepEqual(late, [
    'informer-sync',
    'poststarthook/priority-and-fairness-config-consumer',
    'poststarthook/rbac/bootstrap-roles',
    'poststarthook/scheduling/bootstrap-system-priority-classes',
    'poststarthook/priority-and-fairness-config-producer',
    'poststarthook/apiservice-registration-controller',
    'poststarthook/kube-apiserver-autoregistration',
    'autoregister-completion',
    'kms-providers',
  ]);
  service.fault = '';
  await eventually(async () => {
    await clock.advance(5_000);
    return (await server.send('GET', '/readyz')).status === 200;
  });
  assert.deepEqual((await server.send('GET', secrets)).json<{ items: unknown[] }>().items, []);
  await server.close();
});

test('what another server seals while the plugin is away ends the watches of its kind alone, and is told of later', async () => {
  const [service, clock] = [new FakeService(), new SimulatedClock()];
  const inner = await storeWithSecret(service);
  const server = await startServer({ clock, ...(await sealing(inner, service, clock)) });
  const other = await sealing(inner, new FakeService(), new SimulatedClock());
  const since = (await server.send('GET', secrets)).json<{ metadata: { resourceVersion: string } }>().metadata.resourceVersion;
  const watch = async (path: string): Promise<ClientResponse> =>
    server.transport().send({ method: 'GET', path: `${path}?watch=1&resourceVersion=${since}`, headers: {} });
  const [cut, whole] = await Promise.all([watch(secrets), watch(maps)]);

  service.fault = 'gone';
  const before = await other.store.get(key);
  await other.store.update(key, before?.value ?? Buffer.alloc(0), before?.revision ?? 0);
  for await (const chunk of cut.chunks) assert.fail(`an event: ${chunk}`);
  assert.match(await told(server, 'GET', `${secrets}/s`), /^500 .* failed to decrypt DEK/);
  assert.equal(await create(server, maps, 'n'), 201);
  for await (const chunk of whole.chunks) {
    assert.match(chunk.toString(), /^\{"type":"ADDED"/);
    break;
  }

  service.fault = '';
  await eventually(async () => {
    await clock.advance(5_000);
    return (await server.send('GET', secrets)).status === 200;
  });
  assert.deepEqual(await namesIn(server), ['s']);
  const late = await server.send('GET', `${secrets}?watch=1&timeoutSeconds=1&resourceVersion=${since}`);
  assert.match(late.text, /^\{"type":"ERROR".*"code":410/);
  await server.close();
});

test('what is sealed, where no rule tells how to open it any more, is not taken for absent', async () => {
  const inner = await storeWithSecret(new FakeService());
  const server = await startServer({ store: inner });
  const why = 'identity transformer tried to read encrypted data';
  assert.equal(await told(server, 'GET', `${secrets}/s`), `500 Internal error occurred: ${why}`);
  assert.equal(await told(server, 'GET', `${secrets}?limit=1`), `500 Internal error occurred: unable to transform key "${key}": ${why}`);
  const { entries } = await inner.list(key);
  await inner.delete(key, entries[0]?.revision ?? 0);
  await eventually(async () => (await server.send('GET', secrets)).status === 200);
  await server.close();
});
