import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, SimulatedClock } from '@keelson/testing';
import { IPAddress, Service, ServiceCIDR } from '@keelson/types';
import { createMemoryStore } from '../storage/memory/memory.ts';
import { type Fixture, startServer } from '../testing/fixture.ts';

let server: Fixture;
before(async () => {
  server = await startServer({ serviceCIDR: '10.10.0.0/28' });
});
after(() => server.close());

const namespace = 'default';
const spec = { ports: [{ port: 80 }] };
const create = (name: string, more: object = {}, { api } = server): Promise<Service> =>
  api.create(Service, { metadata: { name, namespace }, spec: { ...spec, ...more } });
const marks = async ({ api } = server): Promise<string[]> =>
  (await api.list(IPAddress)).items
    .map(({ metadata, spec: { parentRef } }) => `${metadata.name} ${parentRef.namespace}/${parentRef.name}`)
    .sort();

test('the range of the flags is an object, ready', async () => {
  const range = await server.api.get(ServiceCIDR, { name: 'kubernetes' });
  assert.deepEqual([range.spec?.cidrs, range.status?.conditions?.[0]?.status], [['10.10.0.0/28'], 'True']);
});

test('the range of the flags gets a second family with the flags, and keeps it', async (t) => {
  const store = createMemoryStore();
  const cidrs = async (serviceCIDR: string): Promise<string[] | undefined> => {
    const one = await startServer({ store, serviceCIDR });
    t.after(() => one.close());
    return (await one.api.get(ServiceCIDR, { name: 'kubernetes' })).spec?.cidrs;
  };
  assert.deepEqual(await cidrs('10.14.0.0/24'), ['10.14.0.0/24']);
  assert.deepEqual(await cidrs('10.14.0.0/24,fd14::/112'), ['10.14.0.0/24', 'fd14::/112']);
  assert.deepEqual(await cidrs('10.14.0.0/24'), ['10.14.0.0/24', 'fd14::/112']);
});

test('the range of the flags, and the service of the servers, come back when somebody takes them away', async (t) => {
  const clock = new SimulatedClock();
  const one = await startServer({ store: createMemoryStore({ clock }), clock, serviceCIDR: '10.15.0.0/24' });
  t.after(() => one.close());
  const there = async (kind: typeof Service | typeof ServiceCIDR, key: object): Promise<boolean> => {
    const { items } = await one.api.list<Service | ServiceCIDR>(kind, key);
    return items.some(({ metadata }) => metadata.name === 'kubernetes');
  };
  await one.api.delete(Service, { name: 'kubernetes', namespace });
  await one.api.delete(ServiceCIDR, { name: 'kubernetes' });
  assert.deepEqual([await there(Service, { namespace }), await there(ServiceCIDR, {})], [false, false]);
  await clock.advance(21_000);
  assert.deepEqual([await there(Service, { namespace }), await there(ServiceCIDR, {})], [true, true]);
});

test('an address has a mark as long as a service has it', async () => {
  await create('one', { clusterIP: '10.10.0.9' });
  assert.deepEqual(await marks(), ['10.10.0.1 default/kubernetes', '10.10.0.9 default/one']);
  const { metadata } = await server.api.get(IPAddress, { name: '10.10.0.9' });
  assert.deepEqual(metadata.labels, {
    'ipaddress.kubernetes.io/ip-family': 'IPv4',
    'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
  });
  await assert.rejects(create('one', { clusterIP: '10.10.0.10' }), /already exists/);
  await server.api.delete(Service, { name: 'one', namespace });
  assert.deepEqual(await marks(), ['10.10.0.1 default/kubernetes']);
});

test('what somebody else has marked is not given out', async () => {
  const parentRef = { resource: 'machines', name: 'printer' };
  for (let n = 2; n <= 14; n++)
    if (n !== 7) await server.api.create(IPAddress, { metadata: { name: `10.10.0.${n}` }, spec: { parentRef } });
  await assert.rejects(create('asked', { clusterIP: '10.10.0.3' }), /failed to allocate IP 10\.10\.0\.3: provided IP is already allocated/);
  assert.equal((await create('last')).spec.clusterIP, '10.10.0.7');
  await assert.rejects(create('none'), /Internal error occurred: failed to allocate a serviceIP: range is full/);
  await server.api.create(ServiceCIDR, { metadata: { name: 'more' }, spec: { cidrs: ['10.11.0.0/24'] } });
  assert.match((await create('none')).spec.clusterIP ?? '', /^10\.11\.0\./);
  await server.api.delete(ServiceCIDR, { name: 'more' });
});

test('two servers over one store give every service an address of its own', async () => {
  const store = createMemoryStore();
  const servers = await Promise.all([1, 2].map(() => startServer({ store, serviceCIDR: '10.12.0.0/25' })));
  const made = await Promise.all(Array.from({ length: 100 }, (_, n) => create(`s${n}`, {}, servers[n % 2])));
  assert.equal(new Set(made.map(({ spec: { clusterIP } }) => clusterIP)).size, 100);
  assert.equal((await marks(servers[0])).length, 101);
  for (const one of servers) await one.close();
});

test('marks without a service go, services without a mark get one', async () => {
  const clock = new SimulatedClock();
  const store = createMemoryStore({ clock });
  const first = await startServer({ store, clock, serviceCIDR: '10.13.0.0/24' });
  await create('unmarked', { clusterIP: '10.13.0.20' }, first);
  await first.api.delete(IPAddress, { name: '10.13.0.20' });
  const { metadata, spec: wanted } = await first.api.get(IPAddress, { name: '10.13.0.1' });
  const parentRef = { ...wanted.parentRef, name: 'gone' };
  await first.api.create(IPAddress, { metadata: { name: '10.13.0.99', labels: metadata.labels }, spec: { parentRef } });
  await clock.advance(200_000);
  await eventually(async () => (await marks(first)).join() === '10.13.0.1 default/kubernetes,10.13.0.20 default/unmarked', {
    deadlineMs: 5000,
    message: 'the marks are right again',
  });
  await first.close();
});
