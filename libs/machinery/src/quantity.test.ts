import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom, systemRandom } from '@keelson/base';
import * as q from './quantity.ts';

const canonical: [text: string | number, printed: string][] = [
  ['0', '0'],
  ['0Ki', '0'],
  ['-0', '0'],
  ['1', '1'],
  [1, '1'],
  [0.5, '500m'],
  ['100m', '100m'],
  ['0.1', '100m'],
  ['.5', '500m'],
  ['1.', '1.'],
  ['+1', '+1'],
  ['0005', '0005'],
  ['01Ki', '01Ki'],
  ['1.500', '1.500'],
  ['0.500', '500m'],
  ['1.50', '1500m'],
  ['1.000', '1'],
  ['1234567890.123456789', '1234567890123456789n'],
  ['1000m', '1'],
  ['1500m', '1500m'],
  ['1.2345', '1234500u'],
  ['100000', '100k'],
  ['1024', '1024'],
  ['1Ki', '1Ki'],
  ['1024Ki', '1Mi'],
  ['1.5Gi', '1536Mi'],
  ['1025Ki', '1025Ki'],
  ['1.1Ki', '1126400m'],
  ['0.5Ki', '512'],
  ['0.001Ki', '1024m'],
  ['-1Gi', '-1Gi'],
  ['8Ei', '9223372036854775807'],
  ['12e6', '12e6'],
  ['12E6', '12E6'],
  ['1E', '1E'],
  ['1e-3', '1e-3'],
  ['1500e0', '1500e0'],
  ['1e+3', '1e+3'],
  ['1E4', '10e3'],
  ['m', '0'],
  ['Ki', '0'],
  ['1000E', '1e21'],
  ['0.9n', '1n'],
  ['1e-12', '1e-9'],
  ['18446744073709551616', '18446744073709551616'],
];

test('quantities read and print canonically', () => {
  for (const [text, printed] of canonical) assert.equal(q.canonicalQuantity(text), printed, String(text));
});

test('quantities that are none', () => {
  const form = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  for (const text of ['', ' 1', '1 ', 'one', '1.2.3', '1Mb', '1_0']) assert.throws(() => q.parseQuantity(text), { message: form }, text);
  for (const text of ['1ki', '1mm', '1e', '1Kie', '1e+'])
    assert.throws(() => q.parseQuantity(text), { message: "unable to parse quantity's suffix" }, text);
  for (const text of ['Ei', '+Pi', 'e-10', '.Ei'])
    assert.throws(() => q.parseQuantity(text), { message: 'unable to parse numeric part of quantity' }, text);
  assert.throws(() => q.parseQuantity(`${'1'.repeat(1e6)}x`), { message: 'unable to parse numeric part of quantity' });
  assert.throws(() => q.parseQuantity('1e999999999'), { message: 'unable to parse numeric part of quantity' });
});

test('values round away from zero', () => {
  const value = (text: string): number => q.quantityValue(q.parseQuantity(text));
  const milli = (text: string): number => q.quantityMilliValue(q.parseQuantity(text));
  assert.deepEqual(['1', '100m', '1001m', '-100m', '1Gi', '1n'].map(value), [1, 1, 2, -1, 1073741824, 1]);
  assert.deepEqual(['1', '100m', '1u', '-1u', '0.5'].map(milli), [1000, 100, 1, -1, 500]);
});

test('what is canonical enough is printed as it was read, and what is made of it anew', () => {
  const [a, b] = [q.parseQuantity('+1.500'), q.parseQuantity('0')];
  assert.equal(q.formatQuantity(a), '+1.500');
  assert.equal(q.formatQuantity(q.addQuantities(a, b)), '1500m');
});

test('arithmetic keeps the notation of what is not zero', () => {
  const [a, b, zero] = [q.parseQuantity('1Gi'), q.parseQuantity('1G'), q.zeroQuantity];
  assert.equal(q.formatQuantity(q.addQuantities(a, a)), '2Gi');
  assert.equal(q.formatQuantity(q.addQuantities(zero, a)), '1Gi');
  assert.equal(q.formatQuantity(q.subtractQuantities(a, b)), '73741824');
  assert.ok(q.compareQuantities(a, b) > 0);
  assert.equal(q.maxQuantity(a, b), a);
  assert.ok(q.quantitiesEqual('1', '1000m') && !q.quantitiesEqual('1', 'x') && !q.quantitiesEqual({}, {}));
});

test('property: what is printed reads as the same amount, and adding can be undone', () => {
  const seed = Math.floor(systemRandom.next() * 1e6);
  const random = seededRandom(seed);
  const suffixes = ['', 'n', 'u', 'm', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'e3', 'e-2'];
  const draw = (): q.Quantity => {
    const whole = Math.floor(random.next() * 10 ** Math.floor(random.next() * 9));
    const fraction = random.next() < 0.5 ? `.${Math.floor(random.next() * 1000)}` : '';
    return q.parseQuantity(`${random.next() < 0.3 ? '-' : ''}${whole}${fraction}${suffixes[Math.floor(random.next() * suffixes.length)]}`);
  };
  for (let i = 0; i < 500; i++) {
    const [a, b] = [draw(), draw()];
    const printed = q.formatQuantity(a);
    assert.equal(q.parseQuantity(printed).nanos, a.nanos, `seed ${seed}: ${printed}`);
    assert.equal(q.canonicalQuantity(printed), printed, `seed ${seed}: ${printed}`);
    assert.equal(q.subtractQuantities(q.addQuantities(a, b), b).nanos, a.nanos, `seed ${seed}`);
  }
});
