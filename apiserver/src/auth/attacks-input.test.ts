import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { systemClock } from '@keelson/base';
import type { Credential } from '@keelson/pki';
import { ConfigMap, Role, RoleBinding, Secret } from '@keelson/types';
import { startTlsServer, type TlsFixture } from '../testing/tls.ts';

/** Requests made to find what is not theirs or to keep the server busy, over TLS. What it must do meanwhile: answer others. */

let server: TlsFixture;
let admin: Credential;
let reader: Credential;
const namespace = 'team-a';
before(async () => {
  server = await startTlsServer();
  admin = await server.certificate('admin', ['system:masters']);
  reader = await server.certificate('reader');
  const { api } = server;
  for (const name of [namespace, 'team-b']) await server.send('POST', '/api/v1/namespaces', { metadata: { name } });
  for (const place of [namespace, 'team-b'])
    for (const name of ['mine', 'theirs']) await api.create(Secret, { metadata: { name, namespace: place }, data: { key: 'aGlkZGVu' } });
  const rules = [
    { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['secrets'], resourceNames: ['mine'] },
    { verbs: ['*'], apiGroups: [''], resources: ['configmaps', 'pods', 'pods/log', 'pods/proxy'] },
  ];
  await api.create(Role, { metadata: { name: 'mine', namespace }, rules });
  const apiGroup = 'rbac.authorization.k8s.io';
  const subjects = [{ kind: 'User', name: 'reader', apiGroup }];
  await api.create(RoleBinding, { metadata: { name: 'mine', namespace }, roleRef: { apiGroup, kind: 'Role', name: 'mine' }, subjects });
});
after(() => server.close());

const secrets = `/api/v1/namespaces/${namespace}/secrets`;
const configMaps = `/api/v1/namespaces/${namespace}/configmaps`;
const json = { 'content-type': 'application/json' };
const yaml = { 'content-type': 'application/yaml' };

/** How long others wait for their answer while `attack` goes on, in milliseconds: the worst of several. */
async function slowest(attack: Promise<unknown>): Promise<number> {
  let [over, worst] = [false, 0];
  const ended = attack.then(
    () => undefined,
    () => undefined,
  );
  void ended.then(() => {
    over = true;
  });
  do {
    const start = systemClock.now();
    assert.equal((await server.ask('/api/v1/namespaces/default', { credential: admin })).status, 200);
    worst = Math.max(worst, systemClock.now() - start);
  } while (!over);
  await attack;
  return worst;
}

test('who may read one Secret reads that one, however the path is written', async () => {
  assert.equal((await server.ask(`${secrets}/mine`, { credential: reader })).status, 200);
  const paths = [
    `${secrets}/theirs`,
    `${secrets}/mine/../theirs`,
    `${secrets}/mine%2f..%2ftheirs`,
    `${secrets}/%2e%2e/team-b/mine`,
    `${secrets}/..%2f..%2fteam-b%2fsecrets%2fmine`,
    `${secrets}/mine%00`,
    `${secrets}/theirs%00mine`,
    `${secrets}/mine%252f`,
    `${secrets}//theirs`,
    `/api/v1/namespaces/${namespace}/../team-b/secrets/mine`,
    `/api/v1/namespaces/${namespace}%2f..%2fteam-b/secrets/mine`,
    `/api/v1/namespaces/${namespace}%00/secrets/theirs`,
    `/api/v1//namespaces/${namespace}/secrets/theirs`,
    `/api/v1/namespaces/${namespace}/pods%2flog/../secrets/theirs`,
    `/api/v1/namespaces/${namespace}/%73ecrets/theirs`,
    `/api/v1/namespaces/${namespace}/configmaps/../secrets/theirs`,
    `/apis/../api/v1/namespaces/${namespace}/secrets/theirs`,
    `/api/v1/watch/namespaces/${namespace}/secrets/theirs`,
    `/api/v1/namespaces/${namespace}/secrets/theirs?namespace=x&name=mine`,
    `/api/v1/secrets`,
    secrets,
    `${secrets}/`,
    '/healthz/../metrics',
    '/healthz/%2e%2e/metrics',
  ];
  for (const path of paths) {
    const reply = await server.ask(path, { credential: reader });
    assert.ok([400, 403, 404].includes(reply.status), `${path}: ${reply.status}`);
    assert.doesNotMatch(reply.text, /aGlkZGVu/, path);
  }
});

test('a list narrowed to one name shows that name, whatever the selector looks like', async () => {
  const list = (fieldSelector: string, more = '') =>
    server.ask(`${secrets}?fieldSelector=${encodeURIComponent(fieldSelector)}${more}`, { credential: reader });
  const narrowed = await list('metadata.name=mine');
  assert.deepEqual([narrowed.status, (narrowed.text.match(/aGlkZGVu/g) ?? []).length], [200, 1]);
  const wide = [
    'metadata.name!=mine',
    'type!=x\\,metadata.name=mine',
    'type!=x\\,metadata.name=mine,metadata.namespace!=y',
    'metadata.name=theirs',
  ];
  for (const selector of [...wide, 'metadata.name=mine\\,', '', 'metadata.name'])
    assert.ok([400, 403].includes((await list(selector)).status), selector);
  assert.equal((await list('metadata.name=theirs', '&fieldSelector=metadata.name%3Dmine')).status, 403);
  assert.doesNotMatch((await list('metadata.name=mine', '&fieldSelector=')).text, /theirs/);
  const both = await list('metadata.name=mine,metadata.name=theirs');
  assert.doesNotMatch(both.text, /aGlkZGVu/);
});

test('an administrator is told that such names are none; nothing is made or changed under them', async () => {
  for (const name of ['..', '%2e%2e', '%2e', '.', 'a%00b', 'a%25b']) {
    const reply = await server.ask(`${secrets}/${name}`, { credential: admin });
    assert.equal(reply.status, 400, `${name}: ${reply.text}`);
    assert.match(reply.text, /Name parameter invalid/);
  }
  assert.match((await server.ask('/api/v1/namespaces/%2e%2e/secrets/x', { credential: admin })).text, /Namespace parameter invalid/);
  for (const name of ['..', 'a/b', '../team-b/x', 'a\u0000b', 'a%2fb', '']) {
    const body = JSON.stringify({ metadata: { name } });
    const reply = await server.ask(configMaps, { method: 'POST', body, headers: json, credential: admin });
    assert.equal(reply.status, 422, `${JSON.stringify(name)}: ${reply.text}`);
  }
  const body = JSON.stringify({ metadata: { name: 'a', namespace: '../team-b' } });
  assert.equal((await server.ask(configMaps, { method: 'POST', body, headers: json, credential: admin })).status, 400);
});

test('methods and hosts that headers claim do not count', async () => {
  const path = `${configMaps}/target`;
  await server.api.create(ConfigMap, { metadata: { name: 'target', namespace } });
  for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override'])
    assert.equal((await server.ask(path, { headers: { [name]: 'DELETE' }, credential: reader })).status, 200, name);
  assert.equal(
    (await server.ask(path, { headers: { 'x-original-url': secrets, 'x-rewrite-url': secrets }, credential: reader })).status,
    200,
  );
  assert.equal((await server.ask(`https://127.0.0.1${secrets}/theirs`, { credential: reader })).status, 403);
  assert.ok(await server.api.get(ConfigMap, { name: 'target', namespace }));
});

test('a body past 3 MiB is 413, declared or not, packed or not', async () => {
  const large = Buffer.alloc(3 * 1024 * 1024 + 1, ' ');
  const post = (body: Buffer, headers: Record<string, string>) =>
    server.ask(configMaps, { method: 'POST', body, headers: { ...json, ...headers }, credential: admin });
  assert.equal((await post(large, {})).status, 413);
  assert.equal((await post(large, { 'transfer-encoding': 'chunked' })).status, 413);
  const bomb = gzipSync(Buffer.alloc(512 * 1024 * 1024));
  assert.ok(bomb.length < 1024 * 1024);
  const before = process.memoryUsage().rss;
  const attack = post(bomb, { 'content-encoding': 'gzip' }).then(({ status }) => assert.equal(status, 413));
  assert.ok((await slowest(attack)) < 2_000);
  assert.ok(process.memoryUsage().rss - before < 256 * 1024 * 1024, 'it is not unpacked');
  assert.equal((await post(gzipSync(bomb), { 'content-encoding': 'gzip, gzip' })).status, 400);
  assert.equal((await post(Buffer.from('no gzip'), { 'content-encoding': 'gzip' })).status, 400);
});

test('YAML whose aliases multiply, and YAML that takes long, keep nobody waiting', async () => {
  const post = (body: string) => server.ask(configMaps, { method: 'POST', body, headers: yaml, credential: admin });
  const letters = 'bcdefghij'.split('');
  const laughs = letters.map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghij'[i]}`).join(',')}]`);
  const bombs = {
    laughs: `a: &a [x,x,x,x,x,x,x,x,x]\n${laughs.join('\n')}`,
    'many aliases': `a: &a 1\nb: [${'*a,'.repeat(20_000)}1]`,
    merges: `a: &a {x: 1}\n${Array.from({ length: 3_000 }, (_, i) => `b${i}: {<<: *a}`).join('\n')}`,
    'a list of a million': `[${'1,'.repeat(400_000)}1]`,
    deep: '['.repeat(100_000),
    'deep maps': '{a: '.repeat(50_000),
    itself: 'a: &a [*a]',
  };
  for (const [name, body] of Object.entries(bombs)) {
    const attack = post(body).then(({ status, text }) => assert.equal(status, 400, `${name}: ${status} ${text.slice(0, 200)}`));
    const wait = await slowest(attack);
    assert.ok(wait < 2_000, `${name}: others waited ${wait} ms`);
  }
});

test('JSON nested beyond reason is refused', async () => {
  const post = (path: string, body: string, headers = json) => server.ask(path, { method: 'POST', body, headers, credential: admin });
  const [open, close] = ['{"a":'.repeat(200_000), '}'.repeat(200_000)];
  for (const body of [
    `{"metadata":{"name":"x"},"data":${open}1${close}}`,
    '['.repeat(1_000_000),
    `${'['.repeat(500_000)}${']'.repeat(500_000)}`,
  ]) {
    const reply = await post(configMaps, body);
    assert.ok(reply.status >= 400 && reply.status < 500, `${reply.status} ${reply.text.slice(0, 200)}`);
  }
  const path = `${configMaps}/target`;
  const merge = { 'content-type': 'application/merge-patch+json' };
  const patched = await server.ask(path, { method: 'PATCH', body: `${open}1${close}`, headers: merge, credential: admin });
  assert.ok(patched.status >= 400 && patched.status < 500, `${patched.status} ${patched.text.slice(0, 200)}`);
  assert.equal((await server.ask('/livez')).status, 200);
});

test('a patch that copies itself over and over is refused', async () => {
  const doubling = Array.from({ length: 40 }, () => ({ op: 'copy', from: '/data', path: '/data/x' }));
  const body = JSON.stringify([{ op: 'add', path: '/data', value: { a: 'b'.repeat(1000) } }, ...doubling]);
  const headers = { 'content-type': 'application/json-patch+json' };
  const reply = await server.ask(`${configMaps}/target`, { method: 'PATCH', body, headers, credential: admin });
  assert.ok([413, 422].includes(reply.status), reply.text.slice(0, 200));
});

test('continue tokens, resource versions and limits of one’s own making are bad requests', async () => {
  const odd = [
    'continue=x',
    'continue=e30',
    'limit=-1',
    'limit=9e99',
    'resourceVersion=-1',
    'resourceVersion=x',
    'labelSelector=((((',
    'fieldSelector=%00',
  ];
  for (const query of odd) {
    const reply = await server.ask(`${configMaps}?${query}`, { credential: reader });
    assert.ok(reply.status < 500, `${query}: ${reply.status} ${reply.text.slice(0, 200)}`);
  }
  // A token that says it began elsewhere.
  const token = Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: 1, start: '../../secrets/team-b/' })).toString('base64url');
  const reply = await server.ask(`${configMaps}?limit=5&continue=${token}`, { credential: reader });
  assert.doesNotMatch(reply.text, /aGlkZGVu/);
});
