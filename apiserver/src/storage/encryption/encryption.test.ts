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
import { aescbc, aesgcm, secretbox } from './transform.ts';

if (!etcdInstalled) console.warn('SKIPPED: /usr/bin/etcd is not installed, encryption in etcd is not tested');

const secretText = Buffer.alloc(32, 7).toString('base64');
const secret = (name: string): object => ({ name, secret: Buffer.alloc(32, name).toString('base64') });
const configuration = (providers: readonly object[], resources = ['secrets']) => ({
  kind: 'EncryptionConfiguration',
  apiVersion: 'apiserver.config.k8s.io/v1',
  resources: [{ resources, providers }],
});
const noService = { kms: () => assert.fail('no service is meant') };
const parse = (document: unknown): EncryptionRule[] => parseEncryption(document, noService);
const gcm = (...names: readonly string[]): EncryptionRule[] => parse(configuration([{ aesgcm: { keys: names.map(secret) } }]));
const sealed = (inner: Store, rules: readonly EncryptionRule[], of = resourceOf()): EncryptingStore =>
  new EncryptingStore(inner, { rules: () => rules, resourceOf: of, nonce: randomBytes });

describeStore('memory, encrypted', async () => {
  const open = (store: Store): Store => sealed(store, gcm('one'), () => 'secrets');
  return { store: open(createMemoryStore()) };
});

test('sealed values open with their key, at their place, unchanged', () => {
  const value = Buffer.from('value');
  for (const make of [aesgcm, aescbc, secretbox])
    for (const length of make === secretbox ? [32] : [16, 24, 32]) {
      const one = make('k', Buffer.alloc(length, 1));
      const stored = one.seal(value, '/registry/secrets/a/b', randomBytes(one.nonceLength));
      assert.match(stored.toString('latin1'), /^k8s:enc:(aesgcm|aescbc|secretbox):v1:k:/);
      assert.deepEqual(one.open(stored, '/registry/secrets/a/b'), value);
      assert.throws(() => make('k', Buffer.alloc(length, 2)).open(stored, '/registry/secrets/a/b'));
    }
  const one = aesgcm('k', Buffer.alloc(32, 1));
  const stored = one.seal(value, '/registry/secrets/a/b', randomBytes(12));
  assert.throws(() => one.open(stored, '/registry/secrets/a/c'), 'moved');
  stored[stored.length - 1] = (stored.at(-1) ?? 0) ^ 1;
  assert.throws(() => one.open(stored, '/registry/secrets/a/b'), 'changed');
});

test('secretbox is NaCl’s: the box that its C implementation makes of the same key and nonce, behind upstream’s prefix', () => {
  const box =
    '8442bc313f4626f1359e3b50122b6ce6fe66ddfe7d39d14e637eb4fd5b45beadab55198df6ab5368439792a23c87db70acb6156dc5ef957ac04f6276cf6093b84be77ff0849cc33e34b7254d5a8f65ad';
  const [one, nonce, value] = [secretbox('k', Buffer.alloc(32, 1)), Buffer.alloc(24, 2), Buffer.alloc(64, 3)];
  const stored = Buffer.concat([Buffer.from('k8s:enc:secretbox:v1:k:'), nonce, Buffer.from(box, 'hex')]);
  assert.deepEqual(one.seal(value, '/registry/secrets/a/b', nonce), stored);
  assert.deepEqual(one.open(stored, '/registry/secrets/a/b'), value);
  assert.throws(() => one.open(stored.subarray(0, 60), ''), { message: 'the stored data was shorter than the required size' });
  stored[stored.length - 1] = (stored.at(-1) ?? 0) ^ 1;
  assert.throws(() => one.open(stored, ''), { message: 'output array was not large enough for encryption' });
});

test('what is wrong with a configuration, in upstream’s words and without telling a secret', () => {
  const kms = { apiVersion: 'v2', name: 'a', endpoint: 'unix:///a.sock' };
  const masked = "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked";
  const cases: [object, string][] = [
    [{}, 'expected an EncryptionConfiguration of apiserver.config.k8s.io/v1, found nothing of no version'],
    [{ ...configuration([]), resources: [] }, 'resources: Required value: at least one resources is required'],
    [configuration([]), 'resources[0].providers: Required value: at least one resources[0].providers is required'],
    [configuration([{ identity: {} }], []), 'resources[0].resources: Required value: at least one resources[0].resources is required'],
    [
      configuration([{ identity: {} }], ['*']),
      `resources[0].resources[0]: Invalid value: "*": use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources`,
    ],
    [
      configuration([{ identity: {} }], ['Pods']),
      'resources[0].resources[0]: Invalid value: "Pods": resource name should not contain capital letters',
    ],
    [
      configuration([{ identity: {} }], ['pods.*']),
      'resources[0].resources[0]: Invalid value: "pods.*": encrypting the same resource across groups is not supported',
    ],
    [
      configuration([{ identity: {} }], ['a.extensions']),
      `resources[0].resources[0]: Invalid value: "a.extensions": 'extensions' group has been removed and cannot be used for encryption`,
    ],
    [
      configuration([{ identity: {} }], ['secrets', 'secrets']),
      'resources[0].resources: Invalid value: ["secrets","secrets"]: the same resource cannot be specified multiple times',
    ],
    [configuration([{ identity: {} }], ['secrets', '*.']), `resources[0].resources: Invalid value: ["secrets","*."]: ${masked}`],
    [configuration([{ identity: {} }], ['*.*', 'a.b']), `resources[0].resources: Invalid value: ["*.*","a.b"]: ${masked}`],
    [
      configuration([{ secretbox: { keys: [] } }]),
      'resources[0].providers[0].secretbox.keys: Required value: at least one keys is required',
    ],
    [
      configuration([{ secretbox: { keys: [{ name: 'a', secret: Buffer.alloc(16).toString('base64') }] } }]),
      'resources[0].providers[0].secretbox.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 16, expected one of [32]',
    ],
    [
      configuration([{ kms: { name: 'a', endpoint: 'unix:///a.sock' } }]),
      'KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.  Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.',
    ],
    [
      configuration([{ aesgcm: { keys: [{ secret: secretText }] } }]),
      'resources[0].providers[0].aesgcm.keys[0].name: Required value: name is a mandatory field for a key',
    ],
    [
      configuration([{ aesgcm: { keys: [{ name: 'a' }] } }]),
      'resources[0].providers[0].aesgcm.keys[0].secret: Required value: secret is a mandatory field for a key',
    ],
    [
      configuration([{ aescbc: { keys: [{ name: 'a', secret: 'c2hvcnQ=' }] } }]),
      'resources[0].providers[0].aescbc.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 5, expected one of [16 24 32]',
    ],
    [
      configuration([{ aescbc: { keys: [{ name: 'a', secret: 'c2hvcnQ' }] } }]),
      'resources[0].providers[0].aescbc.keys[0].secret: Invalid value: "REDACTED": secrets must be base64 encoded',
    ],
    [
      configuration([{ aesgcm: { keys: [secret('a')] }, identity: {} }]),
      'resources[0].providers[0]: Invalid value: ["aesgcm","identity"]: more than one provider specified in a single element, should split into different list elements',
    ],
    [
      configuration([{ kms: { ...kms, name: 'a:b' } }]),
      `resources[0].providers[0].kms.name: Invalid value: "a:b": invalid KMS provider name a:b, must not contain ':'`,
    ],
    [
      configuration([{ kms: { ...kms, endpoint: 'tcp://a' } }]),
      'resources[0].providers[0].kms.endpoint: Invalid value: "tcp://a": unsupported scheme "tcp" for KMS provider, only unix is supported',
    ],
    [
      configuration([{ kms: { ...kms, cachesize: 1 } }]),
      'resources[0].providers[0].kms.cachesize: Invalid value: 1: cachesize is not supported in v2',
    ],
    [
      configuration([{ kms: { ...kms, timeout: '0s' } }]),
      'resources[0].providers[0].kms.timeout: Invalid value: "0s": timeout should be a positive value',
    ],
    [
      configuration([{ kms }, { kms }]),
      'resources[0].providers[1].kms.name: Invalid value: "a": duplicate KMS provider name a, names must be unique',
    ],
  ];
  for (const [document, message] of cases) {
    assert.throws(() => parse(document), { message });
    assert.ok(!message.includes('c2hvcnQ'));
  }
});

const rulesOf = (...names: readonly (readonly string[])[]): EncryptionRule[] =>
  parse({ ...configuration([]), resources: names.map((resources) => ({ resources, providers: [{ identity: {} }] })) });

test('the rule that names a resource holds, then one for its group, then one for all; what could never hold is refused', () => {
  const rules = rulesOf(['secrets'], ['*.apps'], ['*.'], ['*.*']);
  const found = (resource: string): string | undefined => ruleFor(rules, resource)?.resource;
  const resources = ['secrets', 'configmaps', 'deployments.apps', 'widgets.acme.example'];
  assert.deepEqual(resources.map(found), ['secrets', '*.', '*.apps', '*.*']);
  assert.throws(() => rulesOf(['*.'], ['secrets']), { message: 'resource "secrets" is masked by earlier rule "*."' });
  assert.throws(() => rulesOf(['*.*'], ['a.b']), { message: 'resource "a.b" is masked by earlier rule "*.*"' });
  assert.throws(() => rulesOf(['*.apps'], ['*.apps']), { message: 'resource "*.apps" is masked by earlier rule "*.apps"' });
  assert.equal(ruleFor(rulesOf(['secrets'], ['secrets']), 'secrets')?.transformers.length, 2);
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
    [[{ secretbox: { keys: [secret('three')] } }, { aesgcm: { keys: [secret('two')] } }], 'secretbox v1 three'],
    [[{ aescbc: { keys: [secret('four')] } }, { secretbox: { keys: [secret('three')] } }], 'aescbc v1 four'],
    [[{ identity: {} }, { aescbc: { keys: [secret('four')] } }], ''],
  ];
  for (const [index, [providers, expected]] of rounds.entries()) {
    const store = sealed(inner, parse(configuration(providers)));
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
