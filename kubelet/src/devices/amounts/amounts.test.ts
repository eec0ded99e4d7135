import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@keelson/base';
import { ContainerAllocateResponse } from '../../cri/grpc/codec/deviceplugin.ts';
import { testPod } from '../../pod/testpod.ts';
import { checkpointText, readCheckpoint } from './checkpoint.ts';
import { choose, complete, type Wish } from './choose.ts';
import { type Held, Holdings, idsOf } from './holdings.ts';
import { Inventory } from './inventory.ts';
import { isExtendedResource } from './names.ts';
import { optionsOf } from './options.ts';

const resource = 'vendor.com/card';
const nothing = ContainerAllocateResponse.decode(new Uint8Array());

function stock(devices: Readonly<Record<string, boolean>>): Inventory {
  const inventory = new Inventory();
  inventory.list(
    resource,
    Object.entries(devices).map(([id, healthy]) => ({ id, healthy, nodes: [] })),
  );
  return inventory;
}

function held(podUid: string, container: string, ids: readonly string[], response: object = {}): Held {
  return { podUid, container, resource, devices: new Map([[-1, ids]]), response: { ...nothing, ...response } };
}

function wish(change: Partial<Wish> = {}): Wish {
  return { podUid: 'u1', container: 'app', resource, amount: 1, reusable: new Set(), ...change };
}

test('why a container does not get devices, in the words of Kubernetes', () => {
  const mine = new Holdings([held('u1', 'app', ['a', 'b'])]);
  const gone = stock({ a: true });
  gone.lose(resource);
  const cases: readonly (readonly [Partial<Wish>, Inventory, Holdings, string | undefined])[] = [
    [{}, new Inventory(), new Holdings(), 'cannot allocate unregistered device vendor.com/card'],
    [{}, stock({ a: false }), new Holdings(), 'no healthy devices present; cannot allocate unhealthy devices vendor.com/card'],
    [{}, gone, new Holdings(), 'no healthy devices present; cannot allocate unhealthy devices vendor.com/card'],
    [{}, stock({ a: true, b: true }), mine, 'pod "u1" container "app" changed request for resource "vendor.com/card" from 2 to 1'],
    [
      { amount: 2 },
      stock({ a: true, b: false }),
      mine,
      'previously allocated devices are no longer healthy; cannot allocate unhealthy devices vendor.com/card',
    ],
    [{ amount: 2 }, stock({ a: true, b: true }), mine, undefined],
    [
      { podUid: 'u2', amount: 2 },
      stock({ a: true, b: true, c: true, d: false }),
      mine,
      'requested number of devices unavailable for vendor.com/card. Requested: 2, Available: 1',
    ],
    [{ amount: 0 }, stock({ a: true }), new Holdings(), undefined],
  ];
  for (const [change, inventory, holdings, message] of cases) {
    assert.deepEqual(choose(wish(change), inventory, holdings), message ? { type: 'refused', message } : { type: 'fulfilled' });
  }
});

test('devices of init containers come first, then those the plugin prefers, then others', () => {
  const inventory = stock({ a: true, b: true, c: true, d: true });
  const choice = choose(wish({ amount: 3, reusable: new Set(['d']) }), inventory, new Holdings([held('u1', 'init', ['d'])]));
  assert.ok(choice.type === 'open');
  assert.deepEqual(complete(choice, ['c', 'x']), ['d', 'c', 'a']);
  assert.deepEqual(complete(choice, []), ['d', 'a', 'b']);
});

test('what init containers had, later ones may have, until a sidecar or a main one has it', () => {
  const pod = testPod({
    initContainers: [{ name: 'one' }, { name: 'side', restartPolicy: 'Always' }, { name: 'two' }],
    containers: [{ name: 'app' }],
  });
  const holdings = new Holdings([held('u1', 'one', ['a', 'b']), held('u2', 'one', ['x'])]);
  assert.deepEqual(holdings.reusable(pod, resource), new Set(['a', 'b']));
  holdings.hold(held('u1', 'side', ['a']));
  holdings.hold(held('u1', 'two', ['c']));
  assert.deepEqual(holdings.reusable(pod, resource), new Set(['b', 'c']));
  holdings.hold(held('u1', 'app', ['b', 'c']));
  assert.deepEqual(holdings.reusable(pod, resource), new Set());
});

test('whatever comes and goes, no device is two pods’ at the same time, and none that is ill is given', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed);
    const below = (limit: number): number => Math.floor(random.next() * limit);
    const inventory = new Inventory();
    const holdings = new Holdings();
    for (let turn = 0; turn < 40; turn++) {
      const event = below(8);
      if (event < 2) {
        const devices = Array.from({ length: below(7) }, (_, at) => ({ id: `d${at}`, healthy: below(4) > 0, nodes: [] }));
        inventory.list(resource, devices);
      } else if (event < 4) holdings.keep(new Set(Array.from({ length: 4 }, () => `u${below(6)}`)));
      else {
        const asked = wish({ podUid: `u${below(6)}`, amount: below(4) });
        const choice = choose(asked, inventory, holdings);
        if (choice.type !== 'open') continue;
        const ids = complete(choice, [`d${below(7)}`]);
        assert.equal(new Set(ids).size, asked.amount);
        assert.ok(new Set(ids).isSubsetOf(inventory.healthy(resource) ?? new Set()));
        holdings.hold(held(asked.podUid, 'app', ids));
      }
      const all = holdings.all.flatMap((one) => [...idsOf(one)]);
      assert.equal(new Set(all).size, all.length);
    }
  }
});

test('devices being given out are nobody else’s', () => {
  const inventory = stock({ a: true, b: true });
  const holdings = new Holdings();
  const [first, second] = [holdings.reserve(resource, ['a']), holdings.reserve(resource, ['b'])];
  assert.equal(choose(wish(), inventory, holdings).type, 'refused');
  first();
  assert.deepEqual([...holdings.inUse(resource)], ['b']);
  second();
  assert.equal(choose(wish({ amount: 2 }), inventory, holdings).type, 'open');
});

test('how much there is: what is ill counts, but nobody gets it; a plugin that is gone leaves nothing to get', () => {
  const inventory = stock({ a: true, b: false, c: true });
  assert.deepEqual(inventory.amount(resource), { capacity: 3, allocatable: 2 });
  assert.deepEqual(
    inventory.list(resource, [
      { id: 'a', healthy: false, nodes: [] },
      { id: 'c', healthy: true, nodes: [] },
      { id: 'd', healthy: true, nodes: [] },
    ]),
    ['a', 'd'],
  );
  inventory.lose(resource);
  assert.deepEqual(inventory.amount(resource), { capacity: 3, allocatable: 0 });
  assert.equal(inventory.device(resource, 'c')?.healthy, true);
});

test('what a container gets with its devices; of two that want one place the first has it', () => {
  const mount = { containerPath: '/lib/x', hostPath: '/one', readOnly: true };
  const device = { containerPath: '/dev/x', hostPath: '/dev/x0', permissions: 'rw' };
  const first = { envs: { A: '1' }, mounts: [mount], devices: [device], annotations: { k: 'v' }, cdiDevices: [{ name: 'v.com/c=1' }] };
  const second = { ...first, envs: { A: '2', B: '3' }, mounts: [{ ...mount, hostPath: '/two' }] };
  const options = optionsOf([{ ...held('u1', 'app', ['b'], second), resource: 'vendor.com/other' }, held('u1', 'app', ['a'], first)]);
  assert.deepEqual(options, {
    env: new Map([
      ['A', '1'],
      ['B', '3'],
    ]),
    mounts: [{ containerPath: '/lib/x', hostPath: '/one', readonly: true, propagation: 'private' }],
    devices: [device],
    annotations: { k: 'v' },
    cdiDevices: ['v.com/c=1'],
  });
});

// Written by kubelets of Kubernetes.
const theirs = [
  '{"Data":{"PodDeviceEntries":null,"RegisteredDevices":{"nvidia.com/gpu":["GPU-0650a168-e770-3ea8-8ac3-8a1d419763e0"]}},"Checksum":3952659280}',
  '{"Data":{"PodDeviceEntries":[{"PodUID":"bf52b2cd-b611-4e79-86b1-280b283185c3","ContainerName":"check","ResourceName":"nvidia.com/gpu","DeviceIDs":{"-1":["tegra"]},"AllocResp":"Ch8KFk5WSURJQV9WSVNJQkxFX0RFVklDRVMSBXRlZ3Jh"}],"RegisteredDevices":{"nvidia.com/gpu":["tegra"]}},"Checksum":3660592824}',
];

test('a checkpoint is read and written as Kubernetes does, sums included; a broken one is not believed', () => {
  for (const text of theirs) assert.equal(checkpointText(readCheckpoint(text)), text);
  const [one] = readCheckpoint(theirs[1] ?? '').held;
  assert.deepEqual(
    [one?.container, one?.devices, one?.response.envs],
    ['check', new Map([[-1, ['tegra']]]), { NVIDIA_VISIBLE_DEVICES: 'tegra' }],
  );
  assert.throws(() => readCheckpoint((theirs[1] ?? '').replace('tegra', 'other')), /checkpoint is corrupted/);
  assert.throws(() => readCheckpoint('{'));
});

test('a checkpoint forgets nothing', () => {
  const several = {
    ...held('u1', 'app', []),
    devices: new Map([
      [0, ['a', 'b']],
      [1, ['b']],
      [-1, ['c']],
    ]),
  };
  const remembered = {
    held: [several, held('u2', 'b', ['x'], { envs: { A: 'é' } })],
    registered: { 'b.com/x': ['x'], [resource]: ['a', 'b'] },
  };
  assert.deepEqual(readCheckpoint(checkpointText(remembered)), remembered);
});

test('which resources may be a plugin’s', () => {
  for (const name of ['vendor.com/card', 'a/b']) assert.ok(isExtendedResource(name), name);
  for (const name of [
    'cpu',
    'card',
    'kubernetes.io/card',
    'x.kubernetes.io/card',
    'requests.vendor.com/card',
    'vendor.com/',
    'vendor.com/a b',
  ])
    assert.ok(!isExtendedResource(name), name);
});
