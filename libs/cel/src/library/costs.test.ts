import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Program } from '../program.ts';
import { authorizerType, authorizerValue } from './authorization.ts';
import { library } from './index.ts';

const scope = { functions: library, variables: { authorizer: authorizerType } };
const authorizer = authorizerValue(() => ({ allowed: true, reason: '' }));

/** What each expression costs at least, at most, and in the end. */
function costs(table: Readonly<Record<string, readonly [min: number, max: number, actual: number]>>): void {
  for (const [source, [min, max, actual]] of Object.entries(table)) {
    const program = new Program(source, scope);
    assert.deepEqual({ ...program.estimate(), actual: program.evaluate({ authorizer }).cost }, { min, max, actual }, source);
  }
}

test('what is read from text costs a pass over it, before it is known as after', () => {
  costs({
    "ip('192.168.0.1')": [2, 2, 2],
    "isIP('2001:db8:3333:4444:5555:6666:7777:8888')": [4, 4, 4],
    "ip.isCanonical('2001:db8:3333:4444:5555:6666:7777:8888')": [8, 8, 8],
    "cidr('2001:db8::/32')": [2, 2, 2],
    "quantity('12Mi')": [1, 1, 1],
    "semver('1234.56789012345.67890123456789')": [4, 4, 4],
    "isSemver('1234.56789012345.67890123456789')": [4, 4, 4],
    "url('https:://kubernetes.io/')": [3, 3, 3],
    "strings.quote('ABCDEFGHIJ abcdefghij') == strings.quote('ABCDEFGHIJ abcdefghij')": [7, 11, 9],
  });
});

test('values of the libraries’ types are one thing to compare', () => {
  costs({
    "quantity('200M') == quantity('0.2G')": [3, 3, 3],
    "ip('192.168.0.1') == ip('192.168.0.1')": [5, 5, 5],
    "ip('::1') == ip('::2')": [3, 3, 3],
    "cidr('192.168.0.0/16') == cidr('2001:db8::/32')": [5, 5, 5],
    "semver('1.0.0') == semver('1.0.0')": [3, 3, 3],
    "url('https:://kubernetes.io/') == url('https:://kubernetes.io/')": [7, 9, 7],
    "url('https:://kubernetes.io/') == url('http://x.b')": [5, 5, 5],
    "format.named('dns1123Label').value() == format.named('dns1123Label').value()": [5, 11, 5],
  });
});

test('prefixes cost by the most an address has, then by what they are', () => {
  costs({
    "cidr('192.168.0.0/16').containsCIDR(cidr('192.0.0.0/30'))": [7, 11, 7],
    "cidr('192.168.0.0/16').containsIP('192.169.0.1')": [5, 8, 5],
    "cidr('2001:db8::/32').containsIP(ip('2001:db8:3333:4444:5555:6666:7777:8888'))": [7, 10, 7],
  });
});

test('formats, selectors and sets', () => {
  costs({
    "format.named('dns1123Subdomain').value().validate('my-name')": [34, 34, 17],
    "format.named('dns1123Label').value().validate('my-name')": [34, 34, 10],
    "authorizer.group('').resource('pods').fieldSelector('spec.nodeName=example-node-name.fully.qualified.domain.name.example.com')": [
      1821, 1821, 1821,
    ],
    "authorizer.group('').resource('pods').labelSelector('k')": [64, 64, 64],
    'sets.contains([], [])': [21, 21, 1],
    'sets.contains([1, 2, 3, 4], [2, 3])': [29, 29, 9],
    'sets.equivalent([1, 1], [1])': [25, 25, 5],
    'sets.intersects([1], [1, 1])': [23, 23, 3],
  });
});
