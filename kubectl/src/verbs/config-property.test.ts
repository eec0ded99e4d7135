import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Kubeconfig } from '@keelson/client';
import { setProperty, unsetProperty } from './config-property.ts';

const config: Kubeconfig = {
  clusters: [{ name: 'a.b', cluster: { server: 'https://x' } }],
  contexts: [{ name: 'c', context: { cluster: 'a.b', user: 'u' } }],
  users: [{ name: 'u', user: { token: 't' } }],
};
const set = (property: string, value: string, raw = false): Kubeconfig => setProperty(config, property, value, raw);

test('fields are set, of entries that are there and of new ones', () => {
  assert.equal(set('clusters.a.b.server', 'https://y').clusters?.[0]?.cluster.server, 'https://y');
  assert.deepEqual(set('users.v.token', 'z').users?.[1], { name: 'v', user: { token: 'z' } });
  assert.equal(set('current-context', 'c')['current-context'], 'c');
  assert.deepEqual(set('preferences.colors', 'true').preferences, { colors: true });
  assert.equal(unsetProperty(set('preferences.colors', 'true'), 'preferences.colors').preferences, undefined);
  assert.equal(set('clusters.a.b.insecure-skip-tls-verify', 'true').clusters?.[0]?.cluster['insecure-skip-tls-verify'], true);
  assert.equal(set('clusters.a.b.certificate-authority-data', 'hi', true).clusters?.[0]?.cluster['certificate-authority-data'], 'aGk=');
});

test('base64 may be broken into lines', () => {
  const set64 = set('users.u.client-key-data', 'aGVs\nbG8=\n');
  assert.equal(set64.users?.[0]?.user['client-key-data'], 'aGVsbG8=');
});

test('what cannot be set', () => {
  const cases: [string, string, string][] = [
    ['', 'x', 'you must specify a property'],
    ['foo.bar', 'x', 'unable to parse foo.bar after [] at api.Config'],
    ['clusters.a.b', 'x', "can't set a map to a value: map[a.b]"],
    ['clusters.a.b.insecure-skip-tls-verify', 'maybe', 'strconv.ParseBool: parsing "maybe": invalid syntax'],
    ['users.u.client-key-data', 'hello', 'error decoding input value: illegal base64 data at input byte 4'],
  ];
  for (const [property, value, message] of cases) assert.throws(() => set(property, value), { message });
});

test('fields, entries and sections are unset', () => {
  assert.deepEqual(unsetProperty(config, 'users.u.token').users, [{ name: 'u', user: {} }]);
  assert.deepEqual(unsetProperty(config, 'contexts.c').contexts, []);
  assert.deepEqual(unsetProperty(config, 'clusters').clusters, []);
  assert.deepEqual(unsetProperty(config, 'users.nobody').users, config.users);
  assert.throws(() => unsetProperty(config, 'users.nobody.token'), { message: 'current map key `nobody` is invalid' });
});
