import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCA, parseBundle } from '@keelson/pki';
import { SimulatedClock } from '@keelson/testing';
import { ConfigMap } from '@keelson/types';
import type { Trust } from '../auth/trust.ts';
import { startServer } from '../testing/fixture.ts';

const key = { name: 'extension-apiserver-authentication', namespace: 'kube-system' };
const headers = {
  ...{ allowedNames: ['a'], usernameHeaders: ['X-Remote-User'], uidHeaders: ['X-Remote-Uid'], groupHeaders: ['X-Remote-Group'] },
  extraHeaderPrefixes: ['X-Remote-Extra-'],
};

test('extensions are told of every server’s authorities and names, until an authority has expired', async (t) => {
  const clock = new SimulatedClock();
  const authority = async (commonName: string, days: number): Promise<string> => (await createCA({ commonName, days, clock })).certPem;
  const [brief, lasting, proxies] = [await authority('brief', 0.01), await authority('lasting', 9), await authority('proxies', 9)];
  let trust: Trust = { clientCA: brief };
  const server = await startServer({ clock, trust: () => trust });
  t.after(() => server.close());
  const data = async () => (await server.api.get(ConfigMap, key)).data ?? {};
  const look = async (): Promise<Readonly<Record<string, string>>> => {
    await clock.advance(10_000);
    return data();
  };
  const clients = ({ 'client-ca-file': pem = '' }: Readonly<Record<string, string>>) => parseBundle(pem).map(({ subject }) => subject);
  assert.deepEqual(await data(), { 'client-ca-file': brief });

  trust = { clientCA: lasting };
  assert.deepEqual(clients(await look()), ['CN=brief', 'CN=lasting']);

  trust = { clientCA: lasting, frontProxies: { caPem: proxies, ...headers } };
  await look();
  const present = await server.api.get(ConfigMap, key);
  const others = { ...present.data, 'requestheader-allowed-names': '["b"]', other: 'x' };
  await server.api.update(ConfigMap, { ...present, data: others });
  assert.deepEqual(await look(), {
    'client-ca-file': brief + lasting,
    'requestheader-client-ca-file': proxies,
    'requestheader-allowed-names': '["b","a"]',
    'requestheader-username-headers': '["X-Remote-User"]',
    'requestheader-uid-headers': '["X-Remote-Uid"]',
    'requestheader-group-headers': '["X-Remote-Group"]',
    'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
  });

  const { resourceVersion } = (await server.api.get(ConfigMap, key)).metadata;
  await look();
  assert.equal((await server.api.get(ConfigMap, key)).metadata.resourceVersion, resourceVersion, 'what is right is not written again');

  await server.api.delete(ConfigMap, key);
  assert.deepEqual(clients(await look()), ['CN=lasting']);
  trust = { clientCA: brief };
  assert.deepEqual(clients(await look()), ['CN=lasting', 'CN=brief']);
  await clock.advance(864_000 + 300_000);
  assert.deepEqual(clients(await look()), ['CN=lasting']);
});
