import assert from 'node:assert/strict';
import { test } from 'node:test';
import { created, problems, statusProblems, updateProblems } from '../../testing/exercise.ts';
import { configMapKind } from './config-map.ts';
import { limitRangeKind } from './limit-range.ts';
import { namespaceKind } from './namespace.ts';
import { secretKind } from './secret.ts';
import { serviceAccountKind } from './service-account.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

test('secrets of a type have what it asks for', () => {
  const cases: [type: string, data: object, ...expected: string[]][] = [
    ['kubernetes.io/tls', { 'tls.crt': '' }, 'data[tls.key]: Required value'],
    ['kubernetes.io/ssh-auth', { 'ssh-privatekey': '' }, 'data[ssh-privatekey]: Required value'],
    ['kubernetes.io/basic-auth', { username: '' }],
    ['kubernetes.io/basic-auth', {}, 'data[username]: Required value', 'data[password]: Required value'],
    ['kubernetes.io/dockerconfigjson', {}, 'data[.dockerconfigjson]: Required value'],
    ['kubernetes.io/dockerconfigjson', { '.dockerconfigjson': base64('{"auths":{}}') }],
    [
      'kubernetes.io/dockerconfigjson',
      { '.dockerconfigjson': base64('auths') },
      'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": invalid character \'a\' looking for beginning of value',
    ],
    [
      'kubernetes.io/dockercfg',
      { '.dockercfg': '' },
      'data[.dockercfg]: Invalid value: "<secret contents redacted>": unexpected end of JSON input',
    ],
    [
      'kubernetes.io/dockercfg',
      { '.dockercfg': base64('[]') },
      'data[.dockercfg]: Invalid value: "<secret contents redacted>": json: cannot unmarshal array into Go value of type map[string]interface {}',
    ],
  ];
  for (const [type, data, ...expected] of cases) assert.deepEqual(problems(secretKind, { type, data }), expected, type);
});

test('what is immutable can be written again in another order', () => {
  const object = { immutable: true, data: { a: '1', b: '2' } };
  const again = updateProblems(configMapKind, object, (next) => {
    next.data = { b: '2', a: '1' };
  });
  assert.deepEqual(again, []);
  const changed = updateProblems(configMapKind, object, (next) => {
    next.data = { a: '1' };
  });
  assert.deepEqual(changed, ['data: Forbidden: field is immutable when `immutable` is set']);
});

test('an account refers to its secrets by name alone', () => {
  const { secrets } = created(serviceAccountKind, { secrets: [{ kind: 'Secret', name: 'a', uid: 'u' }, {}] });
  assert.deepEqual(secrets, [{ name: 'a' }, {}]);
});

test('limits that nobody named get a name', () => {
  assert.match(created(limitRangeKind, { metadata: { name: '' }, spec: { limits: [] } }).metadata.name ?? '', /^[0-9a-f-]{36}$/);
});

test('a namespace keeps the finalizers it came with, and goes when it is deleted', () => {
  const finalizers = (...names: string[]) => ({ spec: { finalizers: names } });
  assert.deepEqual(created(namespaceKind, {}).spec, { finalizers: ['kubernetes'] });
  assert.deepEqual(created(namespaceKind, finalizers('example.com/a')).spec, { finalizers: ['example.com/a', 'kubernetes'] });
  assert.deepEqual(problems(namespaceKind, finalizers('mine')), [
    'spec.finalizers: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
  ]);
  assert.deepEqual(statusProblems(namespaceKind, {}, { phase: 'Terminating' }), [
    'status.Phase: Invalid value: "Terminating": may only be \'Active\' if `deletionTimestamp` is empty',
  ]);
});
