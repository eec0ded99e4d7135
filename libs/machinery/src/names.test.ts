import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as n from './names.ts';

const accepts: [rule: (value: string) => string[], values: string[]][] = [
  [n.isDNS1123Label, ['a', '0', 'a-b', 'a'.repeat(63)]],
  [n.isDNS1123Subdomain, ['a.b', 'example.com', '1.2', 'a'.repeat(253)]],
  [n.isDNS1035Label, ['a', 'a-1']],
  [n.isWildcardDNS1123Subdomain, ['*.bar.com']],
  [n.isQualifiedName, ['a', 'A_b.c', 'example.com/Name', '1']],
  [n.isLabelValue, ['', 'a', 'A_b.c-d', '1.2']],
  [n.isCIdentifier, ['_a', 'A1']],
  [n.isPortName, ['http', 'a-1', '1a']],
  [n.isPercent, ['0%', '100%']],
  [n.isEnvVarName, ['A_B', 'a.b', '-x', '_.']],
  [n.isRelaxedEnvVarName, ['1a', 'a b', '$']],
  [n.isConfigMapKey, ['a.b', '.x', 'A_B', '1']],
  [n.isHttpHeaderName, ['X-Forwarded-For']],
  [n.isPathSegment, ['system:node', 'a b']],
];

test('names that are right', () => {
  for (const [rule, values] of accepts) for (const value of values) assert.deepEqual(rule(value), [], `${rule.name} ${value}`);
});

const label =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const key =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

const refuses: [rule: (value: string) => string[], value: string, problems: string[]][] = [
  [n.isDNS1123Label, 'A', [label]],
  [n.isDNS1123Label, 'a.b', ['must not contain dots']],
  [n.isDNS1123Label, 'a'.repeat(64), ['must be no more than 63 characters']],
  [
    n.isPortName,
    'é1234567-12345a',
    ['must be no more than 15 characters', 'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)'],
  ],
  [n.isDNS1123Label, 'a\n', [label]],
  [n.isDNS1123Subdomain, '', [subdomain]],
  [n.isDNS1123Subdomain, 'a..b', [subdomain]],
  [n.isQualifiedName, '', ['name part must be non-empty', `name part ${key}`]],
  [n.isQualifiedName, '/a', ['prefix part must be non-empty']],
  [n.isQualifiedName, 'A/a', [`prefix part ${subdomain}`]],
  [n.isQualifiedName, 'a/b/c', [`a valid label key ${key} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`]],
  [
    n.isPortName,
    '-A--',
    [
      'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
      'must contain at least one letter (a-z)',
      'must not contain consecutive hyphens',
      'must not begin or end with a hyphen',
    ],
  ],
  [
    n.isPercent,
    '1',
    [
      "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    ],
  ],
  [n.isRelaxedEnvVarName, '', ['environment variable name must be non-empty']],
  [n.isRelaxedEnvVarName, 'a=b', ["a valid environment variable name must consist only of printable ASCII characters other than '='"]],
  [n.isConfigMapKey, '..', ["must not be '..'"]],
  [n.isConfigMapKey, '..a', ["must not start with '..'"]],
  [n.isPathSegment, '.', ["may not be '.'"]],
  [n.isPathSegment, 'a/b%', ["may not contain '/'", "may not contain '%'"]],
];

test('names that are wrong, and why', () => {
  for (const [rule, value, problems] of refuses) assert.deepEqual(rule(value), problems, `${rule.name} ${JSON.stringify(value)}`);
});

test('a generateName may end in a dash', () => {
  assert.deepEqual(n.isDNS1123Subdomain('web-', true), []);
  assert.deepEqual(n.isDNS1123Subdomain('web-', false), [subdomain]);
  assert.deepEqual(n.isDNS1035Label('-', true).length, 1);
});

test('port numbers', () => {
  assert.deepEqual(
    [0, 1, 65535, 65536, 1.5].map((port) => n.isPortNumber(port).length),
    [1, 0, 0, 1, 1],
  );
  assert.deepEqual(n.isPortNumber(0), ['must be between 1 and 65535, inclusive']);
});
