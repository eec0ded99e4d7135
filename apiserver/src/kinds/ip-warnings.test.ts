import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cidrWarnings, ipWarnings } from './ip-warnings.ts';

const late = 'is invalid: use';

for (const [text, said] of [
  ['10.0.0.1', undefined],
  ['fd00::1', undefined],
  ['nonsense', undefined],
  ['10.0.0.011', `non-standard IP address "10.0.0.011" ${late} "10.0.0.11"`],
  ['::ffff:10.0.0.1', `non-standard IP address "::ffff:10.0.0.1" ${late} "10.0.0.1"`],
  ['FD00:0::1', 'IPv6 address "FD00:0::1" should be in RFC 5952 canonical format ("fd00::1")'],
] as const)
  test(`address ${text}`, () => assert.deepEqual(ipWarnings(text, 'ip'), said ? [`ip: ${said}`] : []));

const unclear = (text: string, network: string, alone: string): string =>
  `CIDR value "${text}" is ambiguous in this context (should be "${network}" or "${alone}"?)`;
for (const [text, said] of [
  ['10.0.0.0/8', []],
  ['10.0.0.1/8', [unclear('10.0.0.1/8', '10.0.0.0/8', '10.0.0.1/32')]],
  ['010.0.0.0/8', [`non-standard CIDR value "010.0.0.0/8" ${late} "10.0.0.0/8"`]],
  ['010.0.0.1/8', [unclear('010.0.0.1/8', '10.0.0.0/8', '10.0.0.1/32'), `non-standard CIDR value "010.0.0.1/8" ${late} "10.0.0.0/8"`]],
  ['FD00::/64', ['IPv6 CIDR value "FD00::/64" should be in RFC 5952 canonical format ("fd00::/64")']],
] as const)
  test(`range ${text}`, () =>
    assert.deepEqual(
      cidrWarnings(text, 'cidr'),
      said.map((one) => `cidr: ${one}`),
    ));
