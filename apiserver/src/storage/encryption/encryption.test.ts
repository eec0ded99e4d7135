import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ConfigMap, Secret } from '@keelson/types';
import { resourceOf } from '../../open-store.ts';
import { type Fixture, startServer } from '../../testing/fixture.ts';
import { EtcdServer, etcdInstalled } from '../conformance/etcd-server.ts';
import { describeStore } from '../conformance/suite.ts';
import { createEtcdStore } from '../etcd/etcd.ts';
import { createMemoryStore } from '../memory/memory.ts';
import { createSqliteStore } from '../sqlite/sqlite.ts';
import type { Store } from '../types.ts';
import { type EncryptionRule, parseEncryption, ruleFor } from './config.ts';
import { EncryptingStore } from './encrypting.ts';
import { aescbc, aesgcm } from './transform.ts';

if (!etcdInstalled) console.warn('SKIPPED: /usr/bin/etcd is not installed, encryption in etcd is not tested');

const secret = (name: string): object => ({ name, secret: Buffer.alloc(32, name).toString('base64') });
const configuration = (providers: readonly object[], resources = ['secrets']) => ({
  kind: 'EncryptionConfiguration',
  apiVersion: 'apiserver.config.k8s.io/v1',
  resources: [{ resources, providers }],
});
const gcm = (...names: readonly string[]): EncryptionRule[] => parseEncryption(configuration([{ aesgcm: { keys: names.map(secret) } }]));
const sealed = (inner: Store, rules: readonly EncryptionRule[], of = resourceOf()): EncryptingStore =>
  new EncryptingStore(inner, { rules, resourceOf: of, nonce: randomBytes });

describeStore('memory, encrypted', async () => {
  const open = (store: Store): Store => sealed(store, gcm('one'), () => 'secrets');
  return { store: open(createMemoryStore()) };
});

test('sealed values open with their key, at their place, unchanged', () => {
  const value = Buffer.from('value');
  for (const make of [aesgcm, aescbc])
    for (const length of [16, 24, 32]) {
      const one = make('k', Buffer.alloc(length, 1));
      const stored = one.seal(value, '/registry/secrets/a/b', randomBytes(one.nonceLength));
      assert.match(stored.toString('latin1'), /^k8s:enc:aes(gcm|cbc):v1:k:/);
      assert.deepEqual(one.open(stored, '/registry/secrets/a/b'), value);
      assert.throws(() => make('k', Buffer.alloc(length, 2)).open(stored, '/registry/secrets/a/b'));
    }
  const one = aesgcm('k', Buffer.alloc(32, 1));
  const stored = one.seal(value, '/registry/secrets/a/b', randomBytes(12));
  assert.throws(() => one.open(stored, '/registry/secrets/a/c'), 'moved');
  stored[stored.length - 1] = (stored.at(-1) ?? 0) ^ 1;
  assert.throws(() => one.open(stored, '/registry/secrets/a/b'), 'changed');
});

test('what is wrong with a configuration, without telling a secret', () => {
  const cases: [object, RegExp][] = [
    [{}, /^expected an EncryptionConfiguration of apiserver\.config\.k8s\.io\/v1, found nothing/],
    [{ ...configuration([]), resources: [] }, /^resources: Required value/],
    [configuration([]), /resources\[0\]\.providers: Required value/],
    [configuration([{ secretbox: { keys: [] } }]), /providers\[0\]: Invalid value: "secretbox": is not offered/],
    [configuration([{ aesgcm: { keys: [] } }]), /aesgcm\.keys: Required value/],
    [configuration([{ aesgcm: { keys: [{ secret: 'x' }] } }]), /keys\[0\]\.name: Required value/],
    [configuration([{ aescbc: { keys: [{ name: 'a', secret: 'c2hvcnQ=' }] } }]), /got 5, expected one of \[16 24 32\]/],
    [configuration([{ aesgcm: { keys: [secret('a')] }, identity: {} }]), /exactly one provider must be set/],
  ];
  for (const [document, expected] of cases)
    assert.throws(
      () => parseEncryption(document),
      ({ message }: Error) => expected.test(message) && !message.includes('c2hvcnQ'),
    );
});

test('the first rule that names a resource holds', () => {
  const rules = ['secrets', '*.apps', '*.', '*.*'].map((name) => ({ resources: [name], transformers: [] }));
  const found = (resource: string): string | undefined => ruleFor(rules, resource)?.resources[0];
  const resources = ['secrets', 'configmaps', 'deployments.apps', 'widgets.acme.example'];
  assert.deepEqual(resources.map(found), ['secrets', '*.', '*.apps', '*.*']);
  const of = resourceOf();
  const keys = ['secrets/a/b', 'services/specs/a/b', 'minions/n', 'ingress/a/b', 'acme.example/widgets/a/b', 'health'];
  const expected = ['secrets', 'services', 'nodes', 'ingresses.networking.k8s.io', 'widgets.acme.example', undefined];
  assert.deepEqual(
    keys.map((key) => of(`/registry/${key}`)),
    expected,
  );
});

test('keys are rotated: old ones are read, and replaced by the next write, changed or not', async () => {
  const inner = createMemoryStore();
  const key = '/registry/secrets/default/s';
  const written = async (server: Fixture): Promise<void> => {
    const found = await server.api.get(Secret, { namespace: 'default', name: 's' });
    await server.api.update(Secret, found);
  };
  const prefix = async (): Promise<string> => (await inner.get(key))?.value.toString('latin1').split(':').slice(2, 5).join(' ') ?? '';
  const rounds: [readonly object[], string][] = [
    [[{ identity: {} }], ''],
    [[{ aesgcm: { keys: [secret('one')] } }, { identity: {} }], 'aesgcm v1 one'],
    [[{ aesgcm: { keys: [secret('two'), secret('one')] } }], 'aesgcm v1 two'],
    [[{ identity: {} }, { aesgcm: { keys: [secret('two')] } }], ''],
  ];
  for (const [index, [providers, expected]] of rounds.entries()) {
    const store = sealed(inner, parseEncryption(configuration(providers)));
    const server = await startServer({ store: borrowed(store), isStale: (at) => store.isStale(at) });
    if (index === 0) await server.api.create(Secret, { metadata: { name: 's', namespace: 'default' }, stringData: { a: 'b' } });
    await written(server);
    if (expected) assert.equal(await prefix(), expected);
    else assert.match((await inner.get(key))?.value.toString() ?? '', /^\{"metadata"/);
    const revision = (await inner.get(key))?.revision;
    await written(server);
    assert.equal((await inner.get(key))?.revision, revision, 'now it is as it should be, and nothing is written');
    await server.close();
  }
});

/** A store that stays open when its server is closed. */
function borrowed(store: Store): Store {
  return {
    exclusive: store.exclusive,
    get: (key) => store.get(key),
    list: (...asked) => store.list(...asked),
    create: (...asked) => store.create(...asked),
    update: (...asked) => store.update(...asked),
    delete: (...asked) => store.delete(...asked),
    watch: (...asked) => store.watch(...asked),
    compact: (revision) => store.compact(revision),
    close: async () => undefined,
  };
}

async function twoObjects(store: Store): Promise<void> {
  const server = await startServer({ store: borrowed(store) });
  const metadata = { name: 'one', namespace: 'default' };
  await server.api.create(Secret, { metadata, stringData: { password: 'tell-nobody' } });
  await server.api.create(ConfigMap, { metadata, data: { motto: 'tell-everybody' } });
  const { data } = await server.api.get(Secret, metadata);
  assert.equal(Buffer.from(data?.password ?? '', 'base64').toString(), 'tell-nobody');
  await server.close();
}

const inBase64 = Buffer.from('tell-nobody').toString('base64');

test('a sqlite file holds no secret in clear', async () => {
  const at = mkdtempSync(join(tmpdir(), 'keelson-sealed-'));
  const store = await createSqliteStore({ path: join(at, 'store.db') });
  await twoObjects(sealed(store, gcm('one')));
  await store.close();
  const bytes = Buffer.concat(readdirSync(at).map((name) => readFileSync(join(at, name))));
  assert.ok(bytes.includes('tell-everybody'));
  assert.ok(!bytes.includes(inBase64));
  rmSync(at, { recursive: true });
});

describe('etcd', { skip: !etcdInstalled && '/usr/bin/etcd is not installed' }, () => {
  test('holds no secret in clear', async () => {
    const etcd = await EtcdServer.start();
    const store = await createEtcdStore({ endpoints: [etcd.endpoint] });
    await twoObjects(sealed(store, gcm('one')));
    const { entries } = await store.list('/registry/');
    const holding = (text: string): string[] => entries.filter(({ value }) => value.includes(text)).map(({ key }) => key);
    assert.deepEqual(holding('tell-everybody'), ['/registry/configmaps/default/one']);
    assert.deepEqual(holding(inBase64), []);
    await store.close();
    await etcd.remove();
  });
});
