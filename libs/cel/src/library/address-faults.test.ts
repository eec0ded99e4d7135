import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Program } from '../program.ts';
import { addressFault, prefixFault } from './address-faults.ts';
import { library } from './index.ts';

test('what is no address is told as Go tells it', () => {
  const table: Readonly<Record<string, string | undefined>> = {
    '192.168.0.1': undefined,
    '::': undefined,
    '2001:db8::1.2.3.4': undefined,
    'fe80::1%eth0': undefined,
    '1:2:3:4:5:6:1.2.3.4': undefined,
    '': 'unable to parse IP',
    web: 'unable to parse IP',
    '%eth0': 'missing IPv6 address',
    '192.168.0.1.0': 'IPv4 address too long',
    '192.168.0.1.': 'IPv4 field must have at least one digit (at ".")',
    '192.168.0.1..': 'IPv4 address too long',
    '1.2.3': 'IPv4 address too short',
    '1.2.3.': 'IPv4 field must have at least one digit (at ".")',
    '.1.2.3': 'IPv4 field must have at least one digit (at ".1.2.3")',
    '1..2.3': 'IPv4 field must have at least one digit (at ".2.3")',
    '1.2.03.4': 'IPv4 field has octet with leading zero',
    '1.2.256.4': 'IPv4 field has value >255',
    '1.2.x.4': 'unexpected character (at "x.4")',
    '2001:db8:::68': 'each colon-separated field must have at least one digit (at ":68")',
    '1:2:3:4:5:6:7:8:9': 'trailing garbage after address (at "9")',
    '1:2:3': 'address string too short',
    '1::2::3': 'multiple :: in address (at ":3")',
    '1:2:3:4::5:6:7:8': 'the :: must expand to at least one field of zeros',
    '12345::': 'each group must have 4 or less digits (at "12345::")',
    '1:2x': 'unexpected character, want colon (at "x")',
    '1:2:': 'colon must be followed by more characters (at ":")',
    '::1%': 'zone must be a non-empty string',
    '1:1.2.3.4': 'embedded IPv4 address must replace the final 2 fields of the address (at "1.2.3.4")',
    '::1.2.3': 'IPv4 address too short',
  };
  for (const [text, why] of Object.entries(table)) {
    assert.equal(addressFault(text), why && `ParseAddr(${JSON.stringify(text)}): ${why}`, text);
  }
});

test('what is no prefix, too', () => {
  const table: Readonly<Record<string, string | undefined>> = {
    '10.0.0.0/8': undefined,
    '10.0.0.0': "no '/'",
    '10.0.0.0/': 'bad bits after slash: ""',
    '10.0.0.0/08': 'bad bits after slash: "08"',
    '10.0.0.0/33': 'prefix length out of range',
    '::/129': 'prefix length out of range',
    'fe80::%a/8': 'IPv6 zones cannot be present in a prefix',
    '10.0.0/8': 'ParseAddr("10.0.0"): IPv4 address too short',
  };
  for (const [text, why] of Object.entries(table))
    assert.equal(prefixFault(text), why && `netip.ParsePrefix(${JSON.stringify(text)}): ${why}`);
});

test('what upstream’s library refuses besides', () => {
  const wrong: Readonly<Record<string, string>> = {
    "ip('fe80::1%eth0')": 'IP address "fe80::1%eth0" with zone value is not allowed',
    "ip('::ffff:1.2.3.4')": 'IPv4-mapped IPv6 address "::ffff:1.2.3.4" is not allowed',
    "ip('1.2.3')": 'IP Address "1.2.3" parse error during conversion from string: ParseAddr("1.2.3"): IPv4 address too short',
    "cidr('10.0.0.0/')":
      'network address parse error during conversion from string: network address parse error during conversion from string: netip.ParsePrefix("10.0.0.0/"): bad bits after slash: ""',
  };
  for (const [source, message] of Object.entries(wrong)) {
    assert.throws(() => new Program(source, { functions: library, variables: {} }).run({}), { message }, source);
  }
});
