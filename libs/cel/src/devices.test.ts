import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DeviceFacts, deviceCost, deviceMatches, deviceProgram } from './devices.ts';
import { perCallLimit } from './program.ts';

const device: DeviceFacts = {
  driver: 'dra.example.com',
  attributes: {
    model: { string: 'a100' },
    index: { int: 3 },
    'dra.example.com/shiny': { bool: true },
    'other.example.com/firmware': { version: '1.2.3' },
  },
  capacity: { memory: { value: '40Gi' }, 'other.example.com/slots': { value: '2' } },
};
const matches = (expression: string, facts: DeviceFacts = device): boolean => deviceMatches(deviceProgram(expression), facts);

describe('selectors of devices', () => {
  const holding = [
    'true',
    'device.driver == "dra.example.com"',
    'device.attributes["dra.example.com"].model == "a100"',
    'device.attributes["dra.example.com"].index > 2',
    'device.attributes["dra.example.com"].shiny',
    'device.attributes["other.example.com"].firmware.isGreaterThan(semver("1.2.0"))',
    'device.capacity["dra.example.com"].memory.compareTo(quantity("40Gi")) == 0',
    'device.capacity["other.example.com"].slots.isGreaterThan(quantity("1"))',
    '"model" in device.attributes["dra.example.com"]',
    '!("dra.nobody.com" in device.attributes)',
    '!("x" in device.attributes["dra.nobody.com"])',
    'has(device.attributes["dra.example.com"].model)',
    '!has(device.attributes["dra.nobody.com"].model)',
    'cel.bind(dra, device.attributes["dra.example.com"], dra.shiny && dra.index == 3)',
    'device.attributes["dra.example.com"].?nothing.orValue(false) == false',
    '!device.allowMultipleAllocations',
  ];
  for (const expression of holding) it(expression, () => assert.equal(matches(expression), true));

  it('say what is missing, and how to look for it', () => {
    for (const domain of ['dra.example.com', 'dra.nobody.com'])
      assert.throws(() => matches(`device.attributes["${domain}"].nothing == 1`), {
        message: 'no such key: nothing. Consider using CEL optional chaining (?), has() macro, or orValue() for optional fields',
      });
  });

  it('must be of type bool', () => {
    assert.throws(() => deviceProgram('"text"'), { message: 'must evaluate to bool or the unknown type, not string' });
    assert.throws(() => deviceProgram('device.nothing'), /undefined field 'nothing'/);
  });

  it('cost as much as the largest device makes them', () => {
    assert.equal(deviceCost(deviceProgram('device.attributes["a"].b == "x"')), 5);
    const all = (name: string, of: string, test: string): string => `device.${of}.all(${name}, ${test})`;
    const each = (name: string, of: string, test: string): string => `device.attributes[${of}].all(${name}, ${test})`;
    const nested = all('d', 'attributes', each('a', 'd', all('e', 'attributes', each('b', 'e', 'a.matches(b)'))));
    assert.ok(deviceCost(deviceProgram(nested)) > perCallLimit);
  });

  it('see a version that is none', () => {
    const odd = { driver: 'd', attributes: { v: { version: 'x' } } };
    assert.throws(() => matches('true', odd), { message: 'attribute v: parse semantic version' });
  });
});
