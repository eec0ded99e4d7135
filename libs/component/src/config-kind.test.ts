import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ConfigKind, inertFlags, mergeConfig, parseFlags, readConfigKind } from './index.ts';

const wanted: ConfigKind = {
  kind: 'KubeletConfiguration',
  group: 'kubelet.config.k8s.io',
  version: 'v1beta1',
  inert: ['authentication.webhook.enabled', 'authentication.webhook.cacheTTL', 'authentication.anonymous.enabled', 'featureGates', 'list'],
  fields: {
    port: 'port',
    'authentication.x509.clientCAFile': 'client-ca-file',
    evictionHard: { flag: 'eviction-hard', text: (value) => Object.keys(value as object).join() },
  },
};
const document = (more: object): object => ({ kind: 'KubeletConfiguration', apiVersion: 'kubelet.config.k8s.io/v1beta1', ...more });

test('fields become values of flags; what has no effect is told', () => {
  const authentication = { x509: { clientCAFile: '/ca' }, webhook: { enabled: true, cacheTTL: '0s' }, anonymous: null };
  const read = readConfigKind(
    document({ port: 1, authentication, evictionHard: { a: '1', b: '2' }, featureGates: { X: true }, list: [1] }),
    wanted,
  );
  assert.deepEqual(read?.values, { port: 1, 'client-ca-file': '/ca', 'eviction-hard': 'a,b' });
  assert.deepEqual(read?.ineffective, ['authentication.webhook.enabled', 'authentication.webhook.cacheTTL', 'featureGates', 'list']);
});

test('what is empty or 0s stands for the default, as Go fills in what nobody set', () => {
  const kind = { ...wanted, fields: { ...wanted.fields, timeout: 'timeout', resolvConf: { flag: 'resolv-conf', text: String } } };
  const read = readConfigKind(document({ timeout: '0s', resolvConf: '', authentication: { x509: { clientCAFile: '' } } }), kind);
  assert.deepEqual(read, { values: { 'resolv-conf': '' }, ineffective: [] });
});

test('a file of flags is none of that kind; another kind is an error', () => {
  assert.equal(readConfigKind({ port: 1 }, wanted), undefined);
  assert.throws(() => readConfigKind({ kind: 'Pod', apiVersion: 'v1' }, wanted), /no kind "Pod" is registered for version "v1"/);
  const older = { kind: 'KubeletConfiguration', apiVersion: 'kubelet.config.k8s.io/v1alpha1' };
  assert.throws(() => readConfigKind(older, wanted), /for version "kubelet\.config\.k8s\.io\/v1alpha1"/);
});

test("fields that the kind does not have are refused in upstream's words, or only told", () => {
  const odd = document({ port: 1, Port: 2, authentication: { x509: { clientCA: 'x' }, webhook: 7 } });
  const fields = ['Port', 'authentication.x509.clientCA', 'authentication.webhook'];
  const message = `strict decoding error: ${fields.map((field) => `unknown field "${field}"`).join(', ')}`;
  assert.throws(() => readConfigKind(odd, wanted), { message });
  assert.deepEqual(readConfigKind(odd, { ...wanted, lenient: true }), { values: { port: 1 }, ineffective: fields });
});

test('a drop-in changes what it names and leaves the rest', () => {
  const merged = mergeConfig({ a: 1, b: { c: 1, d: [1, 2] }, e: 5 }, { b: { d: [3], f: {} }, e: null });
  assert.deepEqual(merged, { a: 1, b: { c: 1, d: [3], f: {} } });
});

test('flags without effect are taken and told, others stay unknown', () => {
  const inert = inertFlags({ switches: ['allow-privileged'], values: ['runtime-config'] });
  const specs = { port: { type: 'number', default: 1, help: '' } } as const;
  const argv = ['--allow-privileged', '--port=2', '--runtime-config', 'api/all=true', '--profiling=false', '--vmodule=a=1'];
  const parsed = parseFlags(specs, argv, inert);
  assert.ok(!('message' in parsed));
  assert.deepEqual(parsed.ineffective, ['allow-privileged', 'runtime-config', 'profiling', 'vmodule']);
  assert.deepEqual([...parsed.flags], [['port', ['2']]]);
  assert.deepEqual(parseFlags(specs, ['--nobody'], inert), { message: 'unknown flag: --nobody' });
  assert.deepEqual(parseFlags(specs, ['--runtime-config'], inert), { message: 'flag needs an argument: --runtime-config' });
});
