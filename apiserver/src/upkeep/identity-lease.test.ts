import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { type TestContext, test } from 'node:test';
import { SimulatedClock } from '@keelson/testing';
import { Lease } from '@keelson/types';
import { startServer } from '../testing/fixture.ts';
import { identityOf, keepIdentityLease } from './identity-lease.ts';

const namespace = 'kube-system';
const labelSelector = 'apiserver.kubernetes.io/identity=kube-apiserver';

test('a server is known by a hash of its machine and its name, each behind its length', () => {
  const bytes = Buffer.concat([Buffer.from([0, 8]), Buffer.from('master-1'), Buffer.from([0, 14]), Buffer.from('kube-apiserver')]);
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
  const bits = [...createHash('sha256').update(bytes).digest().subarray(0, 16)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const expected = (bits.match(/.{1,5}/g) ?? []).map((five) => alphabet[Number.parseInt(five.padEnd(5, '0'), 2)]).join('');
  assert.equal(identityOf('master-1'), `apiserver-${expected}`);
});

async function begin(t: TestContext) {
  const clock = new SimulatedClock();
  const server = await startServer({ clock });
  const stop = new AbortController();
  t.after(async () => {
    stop.abort();
    await server.close();
  });
  return { clock, server, stop };
}

test('a server says every ten seconds that it is there, another time under another holder', async (t) => {
  const { clock, server, stop } = await begin(t);
  const key = { name: identityOf(hostname()), namespace };
  void keepIdentityLease(server.server.registry, hostname(), stop.signal);
  await clock.settle();
  const first = await server.api.get(Lease, key);
  assert.deepEqual(first.metadata.labels, { 'apiserver.kubernetes.io/identity': 'kube-apiserver', 'kubernetes.io/hostname': hostname() });
  assert.equal(first.spec?.leaseDurationSeconds, 3600);
  assert.match(first.spec?.holderIdentity ?? '', new RegExp(`^${key.name}_[0-9a-f-]{36}$`));

  await clock.advance(10_000);
  const second = await server.api.get(Lease, key);
  assert.notEqual(second.spec?.renewTime, first.spec?.renewTime);
  assert.equal(second.spec?.holderIdentity, first.spec?.holderIdentity);

  await server.api.delete(Lease, key);
  await clock.advance(10_000);
  assert.ok(await server.api.get(Lease, key));

  stop.abort();
  const again = new AbortController();
  t.after(() => again.abort());
  void keepIdentityLease(server.server.registry, hostname(), again.signal);
  await clock.settle();
  assert.notEqual((await server.api.get(Lease, key)).spec?.holderIdentity, first.spec?.holderIdentity);
});

test('leases of servers that have run out are taken away, and no others', async (t) => {
  const { clock, server, stop } = await begin(t);
  const labels = { 'apiserver.kubernetes.io/identity': 'kube-apiserver' };
  const renewTime = new Date(clock.now()).toISOString().replace('Z', '000Z');
  const lease = (name: string, spec: object, own: object = { labels }): Promise<Lease> =>
    server.api.create(Lease, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace, ...own }, spec } as Lease);
  await lease('apiserver-gone', { leaseDurationSeconds: 3000, renewTime });
  await lease('apiserver-never', {});
  await lease('somebody', { leaseDurationSeconds: 1, renewTime }, {});
  void keepIdentityLease(server.server.registry, hostname(), stop.signal);
  await clock.advance(3_500_000);
  const names = async () => (await server.api.list(Lease, { namespace, labelSelector })).items.map(({ metadata }) => metadata.name);
  assert.ok((await names()).includes('apiserver-gone'));
  await clock.advance(200_000);
  assert.deepEqual(await names(), [identityOf(hostname())]);
  assert.ok(await server.api.get(Lease, { name: 'somebody', namespace }));
});
