import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodCondition } from '@keelson/types';
import { isConditionTrue, removeCondition, setCondition } from './conditions.ts';
import { copyOf } from './copy.ts';
import { defaultClassOf, isDefaultClass } from './default-class.ts';
import { equal } from './equal.ts';
import { compareStrings, goQuote } from './go-text.ts';
import { fnv32a, objectHash, safeEncode, stableJson } from './hash.ts';
import { rollingBounds, scaledValue } from './intstr.ts';
import { formatIp, parseCidr, parseIp, rangeContains } from './ip.ts';
import { controllerOf, hasOwner, isControlledBy, newControllerRef } from './owner.ts';

test('Go strings', () => {
  assert.equal(goQuote('a"\\\n\t\u0000\u007fé\u00a0\u{1f600}'), '"a\\"\\\\\\n\\t\\x00\\x7fé\\u00a0\u{1f600}"');
  assert.deepEqual(['\uffff', '\u{1f600}', 'b', 'ab', 'a'].sort(compareStrings), ['a', 'ab', 'b', '\uffff', '\u{1f600}']);
});

test('hashes', () => {
  assert.equal(fnv32a(''), 0x811c9dc5);
  assert.equal(fnv32a('a'), 0xe40c292c);
  assert.equal(fnv32a('foobar'), 0xbf9cf968);
  assert.match(safeEncode('0123456789'), /^[bcdfghjklmnpqrstvwxz2456789]{10}$/);
  assert.equal(stableJson({ b: [1, { d: undefined, c: null }], a: 'x' }), '{"a":"x","b":[1,{}]}');
  assert.equal(objectHash({ a: 1, b: 2 }), objectHash({ b: 2, a: 1, c: undefined }));
  assert.notEqual(objectHash({ a: 1 }), objectHash({ a: 1 }, 1));
});

test('semantic equality', () => {
  const same: [unknown, unknown][] = [
    [{ a: undefined, b: null, c: [] }, {}],
    [{ metadata: { labels: {} } }, { metadata: {} }],
    [{ resources: { limits: { cpu: '1' } } }, { resources: { limits: { cpu: '1000m' } } }],
    [{ status: {} }, {}],
    [[{ a: 1, b: 2 }], [{ b: 2, a: 1 }]],
  ];
  const different: [unknown, unknown][] = [
    [{ emptyDir: {} }, {}],
    [{ podSelector: {} }, {}],
    [{ a: '1' }, { a: '1000m' }],
    [{ a: [1, 2] }, { a: [2, 1] }],
    [{ a: '' }, {}],
    [{ a: 0 }, { a: false }],
  ];
  for (const [a, b] of same) assert.ok(equal(a, b) && equal(b, a), JSON.stringify([a, b]));
  for (const [a, b] of different) assert.ok(!equal(a, b) && !equal(b, a), JSON.stringify([a, b]));
});

test('numbers and percentages', () => {
  assert.equal(scaledValue(3, 10, 'up'), 3);
  assert.equal(scaledValue('25%', 10, 'up'), 3);
  assert.equal(scaledValue('25%', 10, 'down'), 2);
  assert.equal(scaledValue('100%', 7, 'down'), 7);
  assert.throws(() => scaledValue('3', 10, 'up'), { message: 'invalid value for IntOrString: invalid type: string is not a percentage' });
  assert.throws(() => scaledValue('x%', 10, 'up'), {
    message: 'invalid value for IntOrString: invalid value "x%": strconv.Atoi: parsing "x": invalid syntax',
  });
  assert.deepEqual(rollingBounds('25%', '25%', 10), { maxSurge: 3, maxUnavailable: 2 });
  assert.deepEqual(rollingBounds(0, '10%', 3), { maxSurge: 0, maxUnavailable: 1 });
});

test('owners', () => {
  const kind = { apiVersion: 'apps/v1', kind: 'ReplicaSet' };
  const reference = newControllerRef({ name: 'r', uid: 'u' }, kind);
  assert.deepEqual(reference, { ...kind, name: 'r', uid: 'u', controller: true, blockOwnerDeletion: true });
  const meta = { ownerReferences: [{ ...reference, uid: 'v', controller: false }, reference] };
  assert.equal(controllerOf(meta), reference);
  assert.ok(isControlledBy(meta, { uid: 'u' }) && !isControlledBy(meta, { uid: 'v' }) && hasOwner(meta, { uid: 'v' }));
  assert.ok(!hasOwner({}, { uid: 'v' }) && controllerOf({}) === undefined);
});

test('conditions', () => {
  const none: PodCondition[] | undefined = undefined;
  const first = setCondition<PodCondition>(none, { type: 'Ready', status: 'True', reason: 'A' }, 't1');
  assert.deepEqual(first, [{ type: 'Ready', status: 'True', reason: 'A', lastTransitionTime: 't1' }]);
  const same = setCondition(first, { type: 'Ready', status: 'True', reason: 'B' }, 't2');
  assert.deepEqual(same, [{ type: 'Ready', status: 'True', reason: 'B', lastTransitionTime: 't1' }]);
  const changed = setCondition(same, { type: 'Ready', status: 'False', reason: 'B' }, 't3');
  assert.equal(changed[0]?.lastTransitionTime, 't3');
  assert.ok(isConditionTrue(first, 'Ready') && !isConditionTrue(changed, 'Ready'));
  assert.deepEqual(removeCondition(changed, 'Ready'), []);
});

test('addresses', () => {
  const canonical: [text: string, printed: string | undefined][] = [
    ['10.0.0.1', '10.0.0.1'],
    ['010.0.0.01', '10.0.0.1'],
    ['0010.0.0.1', '10.0.0.1'],
    ['0fd00::00256', 'fd00::256'],
    ['1fd00::', undefined],
    ['256.0.0.1', undefined],
    ['1.2.3', undefined],
    ['::', '::'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['fe80::1%eth0', undefined],
    ['1::2::3', undefined],
    ['1:2:3:4:5:6:7:8:9', undefined],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['', undefined],
  ];
  for (const [text, printed] of canonical) {
    const address = parseIp(text);
    assert.equal(address && formatIp(address), printed, text);
  }
  const range = parseCidr('10.96.0.0/12');
  assert.ok(range && rangeContains(range, { version: 4, value: 0x0a600001n }) && !rangeContains(range, { version: 4, value: 0x0a700000n }));
  assert.equal(parseCidr('010.0.0.0/08')?.prefix, 8);
  for (const text of ['10.0.0.0', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-8', '::/129', 'x/8'])
    assert.equal(parseCidr(text), undefined, text);
});

test('a copy says the same, and shares nothing that can be changed', () => {
  const text = '{"a":[{"b":1},null,"x"],"__proto__":{"c":{}},"d":{"e":{}}}';
  const value = JSON.parse(text);
  const copy = copyOf(value);
  assert.deepStrictEqual(copy, value);
  assert.equal(Object.getPrototypeOf(copy), Object.prototype);
  const shared = (one: unknown, other: unknown): boolean =>
    typeof one === 'object' &&
    one !== null &&
    (one === other || Object.entries(one).some(([name, member]) => shared(member, ownOf(other, name))));
  assert.ok(!shared(copy, value));
});

function ownOf(value: unknown, name: string): unknown {
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

test('the default class is the newest of those marked, of equally new ones the first by name', () => {
  const marked = (name: string, year: number, mark: string, value = 'true') => ({
    metadata: { name, creationTimestamp: `${year}-01-01T00:00:00Z`, annotations: { [mark]: value } },
    provisioner: 'p',
  });
  const [mark, former, ofIngress] = ['storageclass', 'storageclass.beta', 'ingressclass'].map(
    (kind) => `${kind}.kubernetes.io/is-default-class`,
  ) as [string, string, string];
  assert.equal(isDefaultClass('StorageClass', marked('a', 2020, mark)), true);
  assert.equal(isDefaultClass('StorageClass', marked('a', 2020, former)), true);
  assert.equal(isDefaultClass('StorageClass', marked('a', 2020, ofIngress)), false);
  assert.equal(isDefaultClass('IngressClass', marked('a', 2020, ofIngress)), true);
  assert.equal(isDefaultClass('IngressClass', { metadata: {} }), false);
  const classes = [marked('old', 2020, mark), marked('b', 2021, former), marked('a', 2021, mark), marked('off', 2022, mark, 'false')];
  assert.equal(defaultClassOf('StorageClass', classes)?.metadata.name, 'a');
  assert.equal(defaultClassOf('IngressClass', classes), undefined);
});
