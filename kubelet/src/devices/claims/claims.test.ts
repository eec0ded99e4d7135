import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, Pod, ResourceClaim } from '@keelson/types';
import { testPod } from '../../pod/testpod.ts';
import { type Claim, ClaimBook } from './book.ts';
import { checkpointText, readCheckpoint } from './checkpoint.ts';
import { HealthBook } from './health.ts';
import { containerUses, devicesFor, driversOf, usesOf, whyNot } from './plan.ts';

const entries = [
  { name: 'own', resourceClaimTemplateName: 't' },
  { name: 'shared', resourceClaimName: 'common' },
];

function pod(status: object = {}, spec: object = {}): Pod {
  return testPod({ resourceClaims: entries, ...spec }, {}, status);
}

const made = { resourceClaimStatuses: [{ name: 'own', resourceClaimName: 'web-own-x' }] };

function claim(change: object = {}, metadata: object = {}): ResourceClaim {
  const status = { reservedFor: [{ resource: 'pods', name: 'web', uid: 'u1' }], allocation: { devices: { results: [] } }, ...change };
  return { metadata: { name: 'c', namespace: 'default', uid: 'c1', ...metadata }, spec: {}, status } as unknown as ResourceClaim;
}

function known(change: Partial<Claim> = {}): Claim {
  return { uid: 'c1', name: 'c', namespace: 'default', pods: new Set(['u1']), drivers: new Map(), prepared: false, ...change };
}

test('the claims of a pod: those it names, those made for it, and what stands behind its extended resources', () => {
  assert.throws(() => usesOf(pod()), /^Error: pod "default\/web": ResourceClaim not created yet$/);
  assert.throws(
    () => usesOf(pod(made, { resourceClaims: [{ name: 'x' }] })),
    /spec.resourceClaim "x": none of the supported fields are set/,
  );
  const extended = { extendedResourceClaimStatus: { resourceClaimName: 'web-extended', requestMappings: [] } };
  assert.deepEqual(usesOf(pod({ ...made, ...extended })), [
    { entry: 'own', claim: 'web-own-x', owned: true },
    { entry: 'shared', claim: 'common', owned: false },
    { entry: undefined, claim: 'web-extended', owned: false },
  ]);
  assert.deepEqual(usesOf(pod({ resourceClaimStatuses: [{ name: 'own' }] })), [{ entry: 'shared', claim: 'common', owned: false }]);
});

test('a claim is used by a pod that it is allocated and reserved for, and if it was made for one, by that', () => {
  const shared = { entry: 'shared', claim: 'c', owned: false };
  const own = { ...shared, owned: true };
  const owned = { ownerReferences: [{ uid: 'u1', controller: true }] };
  assert.equal(whyNot(pod(), claim(), shared), undefined);
  assert.equal(whyNot(pod(), claim({}, owned), own), undefined);
  assert.equal(whyNot(pod(), claim(), own), 'ResourceClaim default/c was not created for pod default/web (pod is not owner)');
  assert.equal(
    whyNot(pod(), claim({ reservedFor: [{ resource: 'pods', name: 'web', uid: 'u0' }] }), shared),
    'pod web (u1) is not allowed to use ResourceClaim c (c1)',
  );
  assert.equal(whyNot(pod(), claim({ allocation: undefined }), shared), 'ResourceClaim c: not allocated');
});

test('which drivers have a part in a claim, and which devices are for which request', () => {
  const results = [{ driver: 'a' }, { driver: 'b' }, { driver: 'a' }];
  assert.deepEqual(driversOf(claim({ allocation: { devices: { results } } })), ['a', 'b']);
  const device = (name: string, requests: string[]) => ({ pool: 'p', device: name, requests, cdi: [`v.com/c=${name}`] });
  const drivers = new Map([
    ['a', [device('one', ['r']), device('two', ['s'])]],
    ['b', [device('all', [])]],
  ]);
  const names = (request: string): string[] => devicesFor(known({ drivers }), request).map((one) => one.device);
  assert.deepEqual(
    [names(''), names('r'), names('s/choice')],
    [
      ['one', 'two', 'all'],
      ['one', 'all'],
      ['two', 'all'],
    ],
  );
});

test('what a container uses of its pod’s claims', () => {
  const container = {
    name: 'app',
    resources: { claims: [{ name: 'own', request: 'r' }, { name: 'shared' }], requests: { 'v.com/card': '1' } },
  } as unknown as Container;
  const mapping = (containerName: string, resourceName: string, requestName: string) => ({ containerName, resourceName, requestName });
  const requestMappings = [mapping('app', 'v.com/card', 'q1'), mapping('app', 'v.com/other', 'q2'), mapping('side', 'v.com/card', 'q3')];
  const status = { ...made, extendedResourceClaimStatus: { resourceClaimName: 'ext', requestMappings } };
  assert.deepEqual(containerUses(pod(status), container), [
    { claim: 'web-own-x', request: 'r' },
    { claim: 'common', request: '' },
    { claim: 'ext', request: 'q1' },
  ]);
});

test('a claim of the same name that is another waits until the one before is given back', () => {
  const book = new ClaimBook([known({ uid: 'old' })]);
  assert.throws(
    () => book.use({ uid: 'new', name: 'c', namespace: 'default' }, ['d'], 'u2'),
    /^Error: old ResourceClaim with same name c and different UID old still exists \(previous pod force-deleted\?!\)$/,
  );
  book.use({ uid: 'old', name: 'c', namespace: 'default' }, ['d'], 'u2');
  assert.deepEqual(book.get('default', 'c')?.pods, new Set(['u1', 'u2']));
});

// Written by kubelets of Kubernetes.
const theirs = [
  '{"Data":"{\\"kind\\":\\"DRACheckpoint\\",\\"apiVersion\\":\\"checkpoint.dra.kubelet.k8s.io/v1\\",\\"Entries\\":[{\\"ClaimUID\\":\\"067798be-454e-4be4-9047-1aa06aea63f7\\",\\"ClaimName\\":\\"example\\",\\"Namespace\\":\\"default\\",\\"PodUIDs\\":{\\"139cdb46-f989-4f17-9561-ca10cfb509a6\\":{}},\\"DriverState\\":{\\"test-driver.cdi.k8s.io\\":{\\"Devices\\":[{\\"PoolName\\":\\"worker-1\\",\\"DeviceName\\":\\"dev-1\\",\\"RequestNames\\":[\\"test request\\"],\\"CDIDeviceIDs\\":[\\"example.com/example=cdi-example\\"]}]}}}]}","Checksum":1597924435}',
  '{"Data":"{\\"kind\\":\\"DRACheckpoint\\",\\"apiVersion\\":\\"checkpoint.dra.kubelet.k8s.io/v1\\",\\"Entries\\":[{\\"ClaimUID\\":\\"067798be-454e-4be4-9047-1aa06aea63f7\\",\\"ClaimName\\":\\"example-1\\",\\"Namespace\\":\\"default\\",\\"PodUIDs\\":{\\"139cdb46-f989-4f17-9561-ca10cfb509a6\\":{}},\\"DriverState\\":{\\"test-driver.cdi.k8s.io\\":{\\"Devices\\":[{\\"PoolName\\":\\"worker-1\\",\\"DeviceName\\":\\"dev-1\\",\\"RequestNames\\":[\\"test request\\"],\\"CDIDeviceIDs\\":[\\"example.com/example=cdi-example\\"]}]}}},{\\"ClaimUID\\":\\"4cf8db2d-06c0-7d70-1a51-e59b25b2c16c\\",\\"ClaimName\\":\\"example-2\\",\\"Namespace\\":\\"default\\",\\"PodUIDs\\":{\\"139cdb46-f989-4f17-9561-ca10cfb509a6\\":{}},\\"DriverState\\":{\\"test-driver.cdi.k8s.io\\":{\\"Devices\\":[{\\"PoolName\\":\\"worker-1\\",\\"DeviceName\\":\\"dev-2\\",\\"RequestNames\\":null,\\"CDIDeviceIDs\\":null}]}}}]}","Checksum":3633532417}',
];

test('a checkpoint is read and written as Kubernetes does, sums included; a broken one is not believed', () => {
  for (const text of theirs) assert.equal(checkpointText(readCheckpoint(text)), text);
  assert.throws(() => readCheckpoint((theirs[0] ?? '').replace('1597924435', '1')), /checkpoint is corrupted/);
  const claims = [
    known({
      drivers: new Map([
        ['d', [{ pool: 'p', device: 'x', shareId: 's', requests: [], cdi: [] }]],
        ['e', []],
      ]),
    }),
  ];
  assert.deepEqual(readCheckpoint(checkpointText(claims)), claims);
});

test('how a device is holds for its time; what a driver no longer names is unknown then, and at once when it tells no more', () => {
  const book = new HealthBook();
  const well = { pool: 'p', device: 'd', health: 'Healthy', message: '', lasts: 30_000 } as const;
  const ill = { ...well, health: 'Unhealthy', message: 'too hot' } as const;
  const at = (now: number): readonly string[] => {
    const { health, message } = book.of('driver', 'p', 'd', now);
    return [health, message];
  };
  assert.deepEqual(at(0), ['Unknown', '']);
  assert.deepEqual(book.tell('driver', [well], 0), [well]);
  assert.deepEqual(book.tell('driver', [well], 10_000), []);
  assert.deepEqual(
    [at(40_000), at(40_001)],
    [
      ['Healthy', ''],
      ['Unknown', ''],
    ],
  );
  assert.deepEqual(book.tell('driver', [ill], 20_000), [ill]);
  assert.deepEqual(at(20_000), ['Unhealthy', 'too hot']);
  assert.deepEqual(book.tell('driver', [], 50_000), []);
  assert.deepEqual(book.tell('driver', [], 50_001), [{ ...ill, health: 'Unknown', message: '' }]);
  book.tell('driver', [well], 60_000);
  book.forget('driver');
  assert.deepEqual(at(60_000), ['Unknown', '']);
});
