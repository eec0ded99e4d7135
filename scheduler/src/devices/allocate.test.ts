import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '@keelson/base';
import type { AllocationResult, Device, DeviceClass, ResourceClaim, ResourceSlice } from '@keelson/types';
import { node } from '../testdata.ts';
import { allocate } from './allocate.ts';
import { InUse } from './in-use.ts';
import { Inventory } from './inventory.ts';

const driver = 'dra.example.com';
const here = node('n1', { labels: { zone: 'a' } });
const only = { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] };

type More = Record<string, unknown>;
const device = (name: string, more: More = {}): Device => ({ name, ...more }) as Device;
const slice = (name: string, devices: readonly Device[], more: More = {}): ResourceSlice =>
  ({
    metadata: { name },
    spec: { driver, nodeName: 'n1', pool: { name: 'p', generation: 1, resourceSliceCount: 1 }, devices, ...more },
  }) as ResourceSlice;
const claim = (requests: readonly More[], more: More = {}): ResourceClaim =>
  ({ metadata: { name: 'c', namespace: 'ns', uid: 'u' }, spec: { devices: { requests, ...more } } }) as unknown as ResourceClaim;
const exactly = (more: More = {}, name = 'r'): More => ({
  name,
  exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1, ...more },
});
const cel = (expression: string): More => ({ cel: { expression } });

interface Facts {
  readonly slices: readonly ResourceSlice[];
  readonly claims: readonly ResourceClaim[];
  readonly used?: readonly AllocationResult[];
  readonly classSpec?: More;
  readonly on?: typeof here;
  readonly isOver?: () => boolean;
}

function results({
  slices,
  claims,
  used = [],
  classSpec = {},
  on = here,
  isOver = () => false,
}: Facts): readonly AllocationResult[] | string {
  const deviceClass = (name: string): DeviceClass | undefined =>
    name === 'gpu' || name === 'big' ? ({ metadata: { name }, spec: classSpec } as DeviceClass) : undefined;
  const [inventory, inUse] = [new Inventory(), new InUse()];
  for (const one of slices) inventory.set(one);
  for (const [i, one] of used.entries()) inUse.set(String(i), one);
  const found = allocate(claims, on, { inventory, inUse, deviceClass, random: seededRandom(1), isOver });
  return found.type === 'none' ? found.words : found.results();
}

/** `request device` of every device, claim by claim. */
function picked(facts: Facts): string | readonly string[] {
  const found = results(facts);
  return typeof found === 'string'
    ? found
    : found.map(({ devices }) => (devices?.results ?? []).map((one) => `${one.request} ${one.device}`).join(', '));
}

const none = 'cannot allocate all claims';
const two = [slice('s', [device('d1'), device('d2')])];
const has = (name: string): AllocationResult => ({ devices: { results: [{ request: 'r', driver, pool: 'p', device: name }] } });

describe('allocation of devices', () => {
  it('takes the first that is free and says where it can be used', () => {
    const expected = {
      devices: { results: [{ request: 'r', driver, pool: 'p', device: 'd2' }] },
      nodeSelector: { nodeSelectorTerms: [only] },
    };
    assert.deepEqual(results({ slices: two, claims: [claim([exactly()])], used: [has('d1')] }), [expected]);
  });

  it('gives no device twice, and all or nothing', () => {
    assert.deepEqual(picked({ slices: two, claims: [claim([exactly()]), claim([exactly()])] }), ['r d1', 'r d2']);
    assert.equal(picked({ slices: two, claims: [claim([exactly({ count: 2 })]), claim([exactly()])] }), none);
    assert.deepEqual(picked({ slices: two, claims: [claim([exactly({ count: 2 })])] }), ['r d1, r d2']);
  });

  it('goes back when an earlier choice stands in the way', () => {
    const slices = [
      slice('s', [device('d1', { attributes: { big: { bool: true } } }), device('d2', { attributes: { big: { bool: false } } })]),
    ];
    const big = exactly({ selectors: [cel(`device.attributes["${driver}"].big`)] }, 'big');
    assert.deepEqual(picked({ slices, claims: [claim([exactly(), big])] }), ['r d2, big d1']);
  });

  it('keeps to the selectors of class and request', () => {
    const slices = [
      slice(
        's',
        ['x', 'y', 'z'].map((model) => device(model, { attributes: { model: { string: model } } })),
      ),
    ];
    const not = (model: string): More => ({ selectors: [cel(`device.attributes["${driver}"].model != "${model}"`)] });
    assert.deepEqual(picked({ slices, claims: [claim([exactly(not('x'))])], classSpec: not('y') }), ['r z']);
    const broken = { slices, claims: [claim([exactly({ selectors: [cel(`device.attributes["${driver}"].no`)] })])] };
    assert.throws(
      () => results(broken),
      /^Error: claim ns\/c: selector #0 on device dra.example.com\/p\/x: CEL runtime error: no such key: no\. Consider/,
    );
    assert.throws(
      () => results({ ...broken, classSpec: { selectors: [cel('1 +')] } }),
      /^Error: class gpu: selector #0: CEL compile error:/,
    );
  });

  it('looks at devices of the node only, in the newest generation', () => {
    const elsewhere = slice('s', [device('d1')], { nodeName: 'n2' });
    assert.equal(picked({ slices: [elsewhere], claims: [claim([exactly()])] }), none);
    const zoned = slice('s', [device('d1')], {
      nodeName: undefined,
      nodeSelector: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }] },
    });
    assert.deepEqual(results({ slices: [zoned], claims: [claim([exactly()])] }), [
      {
        devices: { results: [{ request: 'r', driver, pool: 'p', device: 'd1' }] },
        nodeSelector: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }] },
      },
    ]);
    const everywhere = slice('s', [device('d1')], { nodeName: undefined, allNodes: true });
    assert.deepEqual(results({ slices: [everywhere], claims: [claim([exactly()])] }), [{ devices: has('d1').devices }]);
    const newer = slice('t', [device('d2')], { pool: { name: 'p', generation: 2, resourceSliceCount: 1 } });
    assert.deepEqual(picked({ slices: [...two, newer], claims: [claim([exactly()])] }), ['r d2']);
    const moved = slice('t', [], { nodeName: 'n2', pool: { name: 'p', generation: 2, resourceSliceCount: 1 } });
    assert.equal(picked({ slices: [...two, moved], claims: [claim([exactly()])] }), none);
  });

  it('takes nothing of pools that are incomplete or have two devices of a name', () => {
    const incomplete = slice('s', [device('d1')], { pool: { name: 'p', generation: 1, resourceSliceCount: 2 } });
    assert.equal(picked({ slices: [incomplete], claims: [claim([exactly()])] }), none);
    const twins = slice('s', [device('d1'), device('d1')]);
    assert.equal(picked({ slices: [twins], claims: [claim([exactly()])] }), 'invalid resource pools were encountered');
    const all = claim([exactly({ allocationMode: 'All', count: undefined })]);
    assert.throws(() => results({ slices: [incomplete], claims: [all] }), {
      message: 'claim ns/c, request r: asks for all devices, but resource pool dra.example.com/p is currently being updated',
    });
  });

  it('gives all devices, at least one, or none', () => {
    const all = claim([exactly({ allocationMode: 'All', count: undefined })]);
    assert.deepEqual(picked({ slices: two, claims: [all] }), ['r d1, r d2']);
    assert.equal(picked({ slices: two, claims: [all], used: [has('d2')] }), none);
    assert.equal(picked({ slices: [slice('s', [])], claims: [all] }), none);
  });

  it('gives access for administration to devices in use, each once in a claim', () => {
    const admin = exactly({ adminAccess: true, count: 2 });
    const found = results({ slices: two, claims: [claim([admin])], used: [has('d1')] });
    assert.ok(typeof found !== 'string');
    assert.deepEqual(
      found[0]?.devices?.results?.map(({ device: name, adminAccess }) => [name, adminAccess]),
      [
        ['d1', true],
        ['d2', true],
      ],
    );
    assert.equal(picked({ slices: two, claims: [claim([exactly({ adminAccess: true, count: 3 })])] }), none);
    assert.deepEqual(picked({ slices: two, claims: [claim([exactly()])], used: found }), ['r d1'], 'which takes nothing');
  });

  it('takes the first alternative there is', () => {
    const ways = {
      name: 'r',
      firstAvailable: [
        { name: 'many', deviceClassName: 'gpu', count: 3 },
        { name: 'one', deviceClassName: 'big', count: 1 },
      ],
    };
    assert.deepEqual(picked({ slices: two, claims: [claim([ways])] }), ['r/one d1']);
  });

  it('keeps tainted devices back unless that is tolerated', () => {
    const tainted = (effect: string) => [slice('s', [device('d1', { taints: [{ key: 'k', value: 'v', effect }] })])];
    assert.equal(picked({ slices: tainted('NoSchedule'), claims: [claim([exactly()])] }), none);
    assert.deepEqual(picked({ slices: tainted('None'), claims: [claim([exactly()])] }), ['r d1']);
    const tolerations = [{ key: 'k', operator: 'Exists' }];
    assert.deepEqual(picked({ slices: tainted('NoExecute'), claims: [claim([exactly({ tolerations })])] }), ['r d1']);
  });

  it('has the devices of a claim alike, or all different', () => {
    const at = (name: string, socket: number): Device => device(name, { attributes: { socket: { int: socket } } });
    const slices = [slice('s', [at('d1', 1), at('d2', 2), at('d3', 2)])];
    const requests = [exactly({}, 'a'), exactly({}, 'b')];
    assert.deepEqual(picked({ slices, claims: [claim(requests, { constraints: [{ matchAttribute: `${driver}/socket` }] })] }), [
      'a d2, b d3',
    ]);
    const distinct = { constraints: [{ distinctAttribute: `${driver}/socket` }] };
    assert.deepEqual(picked({ slices, claims: [claim(requests, distinct)] }), ['a d1, b d2']);
    assert.equal(picked({ slices, claims: [claim([exactly({ count: 3 })], distinct)] }), none);
    const missing = { constraints: [{ matchAttribute: 'other.com/socket' }] };
    assert.equal(picked({ slices, claims: [claim(requests, missing)] }), none);
    const ofOne = { constraints: [{ matchAttribute: 'other.com/socket', requests: ['x'] }] };
    assert.deepEqual(picked({ slices, claims: [claim(requests, ofOne)] }), ['a d1, b d2'], 'it is about other requests');
  });

  it('shares counters among partitions', () => {
    const part = (name: string, memory: string): Device =>
      device(name, { consumesCounters: [{ counterSet: 'gpu', counters: { memory: { value: memory } } }] });
    const pool = { name: 'p', generation: 1, resourceSliceCount: 2 };
    const slices = [
      slice('c', [], { pool, sharedCounters: [{ name: 'gpu', counters: { memory: { value: '40Gi' } } }] }),
      slice('d', [part('whole', '40Gi'), part('half1', '20Gi'), part('half2', '20Gi')], { pool }),
    ];
    assert.deepEqual(picked({ slices, claims: [claim([exactly()]), claim([exactly()])] }), ['r half1', 'r half2']);
    assert.deepEqual(picked({ slices, claims: [claim([exactly()])], used: [has('half2')] }), ['r half1']);
    assert.equal(picked({ slices, claims: [claim([exactly()])], used: [has('whole')] }), none);
  });

  it('shares the capacity of devices that allow it', () => {
    const requestPolicy = { default: '1Gi', validRange: { min: '1Gi', step: '1Gi' } };
    const slices = [slice('s', [device('d1', { allowMultipleAllocations: true, capacity: { memory: { value: '8Gi', requestPolicy } } })])];
    const asking = (memory: string) => claim([exactly({ capacity: { requests: { memory } } })]);
    const found = results({ slices, claims: [asking('2500Mi')] });
    assert.ok(typeof found !== 'string');
    const [result] = found[0]?.devices?.results ?? [];
    assert.deepEqual(result?.consumedCapacity, { memory: '3Gi' });
    assert.match(result?.shareID ?? '', /^[0-9a-f-]{36}$/);
    assert.deepEqual(picked({ slices, claims: [asking('5Gi')], used: found }), ['r d1']);
    assert.equal(picked({ slices, claims: [asking('6Gi')], used: found }), none);
    assert.deepEqual(picked({ slices, claims: [claim([exactly()]), claim([exactly()])] }), ['r d1', 'r d1']);
    assert.equal(picked({ slices, claims: [claim([exactly({ capacity: { requests: { nothing: '1' } } })])] }), none);
  });

  it('hands on what classes and the claim say to drivers', () => {
    const opaque = (a: number): More => ({ opaque: { driver, parameters: { a } } });
    const classSpec = { config: [opaque(1)] };
    const config = [{ ...opaque(2), requests: ['a'] }, opaque(3), { ...opaque(4), requests: ['b/x'] }];
    const requests = [
      exactly({}, 'a'),
      { name: 'b', firstAvailable: [{ name: 'y', deviceClassName: 'gpu', count: 1 }] },
      exactly({ deviceClassName: 'big' }, 'z'),
    ];
    const slices = [slice('s', [device('d1'), device('d2'), device('d3')])];
    const found = results({ slices, claims: [claim(requests, { config })], classSpec });
    assert.ok(typeof found !== 'string');
    const parts = found[0]?.devices?.config?.map(({ source, requests: names, opaque: said }) => [source, names, said?.parameters]);
    assert.deepEqual(parts, [
      ['FromClass', ['a', 'b/y'], { a: 1 }],
      ['FromClass', ['z'], { a: 1 }],
      ['FromClaim', ['a'], { a: 2 }],
      ['FromClaim', undefined, { a: 3 }],
    ]);
  });

  it('takes devices that must be made ready last', () => {
    const slow = slice('a', [device('slow', { bindingConditions: ['x.com/ready'] })], {
      pool: { name: 'a', generation: 1, resourceSliceCount: 1 },
    });
    const claims = [claim([exactly()]), claim([exactly()])];
    assert.deepEqual(picked({ slices: [slow, slice('s', [device('d1')])], claims }), ['r d1', 'r slow']);
  });

  it('ends when the time is up, and does not begin what cannot be', () => {
    let asked = 0;
    const isOver = (): boolean => ++asked > 5;
    const many = [
      slice(
        's',
        Array.from({ length: 24 }, (_, i) => device(`d${i}`, { attributes: { even: { bool: i % 2 === 0 } } })),
      ),
    ];
    const even = (count: number) => claim([exactly({ count, selectors: [cel(`device.attributes["${driver}"].even`)] })]);
    assert.equal(picked({ slices: many, claims: [claim([exactly({ count: 25 })])], isOver }), none);
    assert.equal(asked, 0);
    assert.equal(picked({ slices: many, claims: [even(13)], isOver }), 'timed out trying to allocate devices');
  });

  it('gives a claim 32 devices at most', () => {
    const slices = [
      slice(
        's',
        Array.from({ length: 40 }, (_, i) => device(`d${i}`)),
      ),
    ];
    assert.throws(() => results({ slices, claims: [claim([exactly({ count: 33 })])] }), {
      message: 'claim ns/c: number of requested devices 33 exceeds the claim limit of 32',
    });
    const either = {
      name: 'r',
      firstAvailable: [
        { name: 'many', deviceClassName: 'gpu', count: 30 },
        { name: 'few', deviceClassName: 'gpu', count: 1 },
      ],
    };
    assert.deepEqual(picked({ slices, claims: [claim([either, exactly({ count: 4 }, 's')])] }), ['r/few d0, s d1, s d2, s d3, s d4']);
  });
});
