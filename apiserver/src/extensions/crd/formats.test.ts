import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasFormat, hasMeaning } from './formats.ts';

/** By format: texts that are of it, and texts that are not. */
const cases: Readonly<Record<string, readonly [right: readonly string[], wrong: readonly string[]]>> = {
  'date-time': [
    ['2020-01-01T00:00:00Z', '2020-01-01t23:59:59.5+01:00'],
    ['2020-01-01 00:00:00Z', '2020-01-01T00:00:00+0100', '2020-01-01T24:00:00Z', 'x'],
  ],
  date: [['2020-02-29'], ['2021-02-29', '2020-13-01', '2020-1-1']],
  duration: [
    ['1h', '1.5h', '-2m3s', '0', '22 ns', '3 days', 'in 5 weeks'],
    ['', '1', 'h', '1x'],
  ],
  email: [
    ['a@b.c', 'A <a@b.c>'],
    ['a', '@b', 'a b@c'],
  ],
  hostname: [
    ['a', 'a-b.example', '1.de'],
    ['a_b', '-a', 'a.b-', 'a..b'],
  ],
  ipv4: [
    ['1.2.3.4', '01.2.3.4', '::ffff:1.2.3.4'],
    ['1.2.3', '::1', '256.1.1.1'],
  ],
  ipv6: [['::1'], ['1.2.3.4', 'g::']],
  cidr: [
    ['10.0.0.0/8', '010.0.0.0/8', '::/0'],
    ['10.0.0.0', '10.0.0.0/33'],
  ],
  mac: [
    ['01:23:45:67:89:ab', '01-23-45-67-89-ab-cd-ef', '0123.4567.89ab'],
    ['01:23:45', '01:23-45:67-89:ab'],
  ],
  uri: [
    ['http://a.b', 'mailto:a', '/a', '*', 'http://[::1]:80/'],
    ['', 'a', ':a', 'http://a b', 'http://a:b', '/%zz'],
  ],
  uuid4: [['01234567-89ab-4cde-8f01-23456789abcd'], ['01234567-89ab-4cde-0f01-23456789abcd', '01234567-89ab-3cde-8f01-23456789abcd']],
  byte: [['aGk='], ['', 'aGk', '-_==']],
  rgbcolor: [['rgb(255, 0,0)'], ['rgb(256,0,0)']],
  creditcard: [['4111 1111 1111 1111'], ['4111 1111 1111 1112', '1234567890123456']],
  isbn: [
    ['0-321-75104-3', '978-0321751041'],
    ['0-321-75104-4', '978-0321751042'],
  ],
  ssn: [['123-45-6789'], ['123456789']],
  'k8s-short-name': [['a-b'], ['A', 'a.b', 'a'.repeat(64)]],
  'k8s-long-name': [['a.b-c'], ['a..b', '-']],
};

test('texts are of their formats as Go has them', () => {
  for (const [format, [right, wrong]] of Object.entries(cases)) {
    for (const text of right) assert.equal(hasFormat(text, format), true, `${format} ${text}`);
    for (const text of wrong) assert.equal(hasFormat(text, format), false, `${format} ${text}`);
  }
  assert.equal(hasFormat('anything', 'nobody knows'), true);
  assert.equal(hasFormat('anything', 'toString'), true);
});

test('formats mean something of values of their type', () => {
  const of = (type: string, format: string): boolean => hasMeaning({ type, format });
  assert.deepEqual([of('string', 'datetime'), of('', 'date'), of('integer', 'int32'), of('number', 'float')], [true, true, true, true]);
  assert.deepEqual([of('string', 'int32'), of('object', 'date'), of('integer', 'float'), of('string', 'ip')], [false, false, false, false]);
});
