import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ExecCredentials, parseExecCredential } from './exec-credential.ts';
import { absolutePaths, type Kubeconfig, mergeKubeconfigs, renderKubeconfig, resolveContext } from './kubeconfig.ts';
import { connectionOf, inClusterConnection, loadKubeconfig, writeKubeconfig } from './kubeconfig-files.ts';

const config: Kubeconfig = {
  clusters: [
    { name: 'c', cluster: { server: 'https://127.0.0.1:6443', 'certificate-authority-data': Buffer.from('CA').toString('base64') } },
  ],
  contexts: [{ name: 'admin@c', context: { cluster: 'c', user: 'admin', namespace: 'team' } }],
  users: [{ name: 'admin', user: { token: 't' } }],
  'current-context': 'admin@c',
};

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'keelson-kubeconfig-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('the first file of a list wins', () => {
  const merged = mergeKubeconfigs([
    { users: [{ name: 'a', user: { token: 'first' } }] },
    {
      users: [
        { name: 'a', user: { token: 'second' } },
        { name: 'b', user: {} },
      ],
      'current-context': 'x',
    },
  ]);
  assert.deepEqual(merged.users, [
    { name: 'a', user: { token: 'first' } },
    { name: 'b', user: {} },
  ]);
  assert.equal(merged['current-context'], 'x');
});

test('file names are relative to the kubeconfig', () => {
  const { clusters, users } = absolutePaths(
    {
      clusters: [{ name: 'c', cluster: { 'certificate-authority': 'ca.crt' } }],
      users: [{ name: 'u', user: { 'client-key': '/k', tokenFile: 't', exec: { apiVersion: 'v', command: './login' } } }],
    },
    '/etc/k',
  );
  assert.equal(clusters?.[0]?.cluster['certificate-authority'], '/etc/k/ca.crt');
  assert.deepEqual(users?.[0]?.user, { 'client-key': '/k', tokenFile: '/etc/k/t', exec: { apiVersion: 'v', command: '/etc/k/login' } });
});

test('what a context names is found, or missed in kubectl’s words', () => {
  const resolved = resolveContext(config);
  assert.deepEqual([resolved.context, resolved.namespace, resolved.user.token], ['admin@c', 'team', 't']);
  assert.throws(() => resolveContext(config, { context: 'nope' }), { message: 'context "nope" does not exist' });
  assert.throws(() => resolveContext(config, { cluster: 'nope' }), { message: 'cluster "nope" does not exist' });
  assert.throws(() => resolveContext(config, { user: 'nope' }), { message: 'auth info "nope" does not exist' });
  assert.equal(connectionOf(resolveContext({})).server, 'http://localhost:8080');
});

test('a written file is private and reads back the same', (t) => {
  const path = join(folderFor(t), 'sub', 'config');
  writeKubeconfig(path, config);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(loadKubeconfig(path), { apiVersion: 'v1', kind: 'Config', ...config });
  assert.deepEqual(connectionOf(resolveContext(loadKubeconfig(path))).caData, Buffer.from('CA'));
  assert.match(renderKubeconfig(config), /^apiVersion: v1\nclusters:\n- cluster:\n/);
});

test('a file is written as kubectl writes it: by name, with what is a word to everybody, and nothing for lists without entries', () => {
  const named = (name: string): { name: string; cluster: object } => ({ name, cluster: {} });
  const text = renderKubeconfig({ clusters: [named('y'), named('a')], contexts: [], preferences: { colors: true } });
  const cluster = (name: string): string => `- cluster:\n    server: ""\n  name: ${name}\n`;
  const lists = `clusters:\n${cluster('a')}${cluster('"y"')}contexts: null\ncurrent-context: ""\n`;
  assert.equal(text, `apiVersion: v1\n${lists}kind: Config\npreferences:\n  colors: true\nusers: null\n`);
});

test('of a cluster or user there may be nothing but the name', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'config');
  writeFileSync(path, 'clusters:\n- cluster:\n  name: a\nusers:\n- name: b\n  user:\n');
  const { clusters, users } = loadKubeconfig(path);
  assert.deepEqual([clusters, users], [[{ name: 'a', cluster: {} }], [{ name: 'b', user: {} }]]);
});

test('a context may name what is not there, the command line may not', () => {
  const astray = { contexts: [{ name: 'c', context: { cluster: 'gone', user: 'gone' } }], 'current-context': 'c' };
  assert.equal(connectionOf(resolveContext(astray)).server, 'http://localhost:8080');
  assert.throws(() => resolveContext(astray, { user: 'gone' }), { message: 'auth info "gone" does not exist' });
});

test('KUBECONFIG lists files and passes over missing ones; a named one must exist', (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, 'a'), 'users: [{name: a, user: {token: x}}]');
  writeFileSync(join(folder, 'b'), 'current-context: here');
  const loaded = loadKubeconfig(undefined, { KUBECONFIG: ['a', 'missing', 'b'].map((name) => join(folder, name)).join(':') });
  assert.equal(loaded['current-context'], 'here');
  assert.equal(loaded.users?.[0]?.user.token, 'x');
  assert.throws(() => loadKubeconfig('/nowhere/config'), { message: 'stat /nowhere/config: no such file or directory' });
  writeFileSync(join(folder, 'd'), 'clusters: {a: b}');
  assert.throws(() => loadKubeconfig(join(folder, 'd')), /: json: cannot unmarshal object into Go struct field Config\.clusters of type /);
  writeFileSync(join(folder, 'c'), 'users: [');
  assert.throws(() => loadKubeconfig(join(folder, 'c')), /^Error: error loading config file ".*c": /);
});

test('a file that says it is something else is no kubeconfig', (t) => {
  const path = join(folderFor(t), 'config');
  const refused: [text: string, kind: string, version: string][] = [
    ['apiVersion: v-1\nkind: Config', 'Config', 'v-1'],
    ['{"apiVersion":"v-1","kind":"Config"}', 'Config', 'v-1'],
    ['apiVersion: v1\nkind: Konfig', 'Konfig', 'v1'],
    ['kind: Other', 'Other', 'v1'],
    ['apiVersion: v2', 'Config', 'v2'],
  ];
  for (const [text, kind, version] of refused) {
    writeFileSync(path, text);
    const scheme = 'k8s.io/client-go/tools/clientcmd/api/latest/latest.go:50';
    assert.throws(() => loadKubeconfig(path), {
      message: `error loading config file "${path}": no kind "${kind}" is registered for version "${version}" in scheme "${scheme}"`,
    });
  }
  for (const text of ['', 'kind: Config', 'apiVersion: v1', 'apiVersion: v1\nkind: Config', 'apiVersion: ""']) {
    writeFileSync(path, text);
    assert.doesNotThrow(() => loadKubeconfig(path));
  }
});

test('a pod finds its own cluster', (t) => {
  const folder = folderFor(t);
  assert.equal(inClusterConnection({ KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' }, folder), undefined);
  writeFileSync(join(folder, 'token'), 'x');
  writeFileSync(join(folder, 'ca.crt'), 'CA');
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
  const connection = inClusterConnection(env, folder);
  assert.deepEqual(
    [connection?.server, connection?.tokenFile, String(connection?.caData)],
    ['https://[fd00::1]:443', join(folder, 'token'), 'CA'],
  );
});

test('an exec plugin runs once until its credential is refused', async (t) => {
  const folder = folderFor(t);
  const command = join(folder, 'login');
  const answer = '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"\'$N\'"}}';
  writeFileSync(command, `#!/bin/sh\necho x >> ${folder}/runs\nN=$(wc -l < ${folder}/runs)\necho '${answer}'\n`);
  chmodSync(command, 0o755);
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command, interactiveMode: 'Never' } as const;
  const credentials = new ExecCredentials(exec, {});
  assert.equal((await credentials.get()).token, '1');
  assert.equal((await credentials.get()).token, '1');
  credentials.forget();
  assert.equal((await credentials.get()).token, '2');
  const missing = new ExecCredentials({ ...exec, command: 'no-such-program', installHint: 'Install it.' }, {});
  await assert.rejects(missing.get(), ({ message }: Error) => {
    assert.match(message, /^getting credentials: exec: executable no-such-program not found\n\nIt looks like you are trying to use/);
    assert.match(message, /:\n {6}https:\/\/kubernetes.io\/docs\/.*#client-go-credential-plugins\n\nInstall it\.$/);
    return true;
  });
});

test('an exec credential must be of the configured version and carry something', () => {
  assert.throws(() => parseExecCredential('{"apiVersion":"a"}', 'b'), /configured to use API version b, plugin returned version a/);
  assert.throws(() => parseExecCredential('{"apiVersion":"a","status":{}}', 'a'), /didn't return a token or cert\/key pair/);
  assert.throws(
    () => parseExecCredential('nonsense', 'a'),
    /^Error: decoding stdout: couldn't get version\/kind; json parse error: json: cannot unmarshal string into Go value of type struct \{ APIVersion string "json:\\"apiVersion,omitempty\\""; Kind/,
  );
});
