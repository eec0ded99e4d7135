import assert from 'node:assert/strict';
import { test } from 'node:test';
import { genericLines } from './generic.ts';

/** What upstream's kubectl 1.36 makes of the names of fields. */
const words = {
  apiURL: 'API URL',
  ClusterIP: 'Cluster IP',
  HTTPServer: 'HTTPServer',
  IPv4: 'IPv4',
  camelCaseWithABCInside: 'Camel Case With ABCInside',
  nonResourceURLs: 'Non Resource URLs',
  openAPIV3Schema: 'openAPIV3Schema',
  podIPs: 'Pod I Ps',
  podSelector: 'Pod Selector',
  'some-dashed-key': 'Some - Dashed - Key',
  'some.dotted/key': 'some.dotted/key',
  uid: 'UID',
  under_score: 'under_score',
  éà: 'Éà',
};

/** And of values. */
const values: readonly (readonly [value: unknown, lines: readonly string[]])[] = [
  ['x', ['V:\tx']],
  [null, ['V:\t<nil>']],
  [12345678901, ['V:\t12345678901']],
  [1.5, ['V:\t1.5']],
  [0.0001, ['V:\t0.0001']],
  [-0.00005, ['V:\t-5e-05']],
  [123456.789, ['V:\t123456.789']],
  [1234567.5, ['V:\t1.2345675e+06']],
  [1e20, ['V:\t1e+20']],
  [{}, ['V:']],
  [{ b: 1, a: 2 }, ['V:', '  A:\t2', '  B:\t1']],
  [[], ['V:']],
  [
    ['a', null, [1, 'x', { z: 1, b: [2] }], { b: 'c' }],
    ['V:', '  a', '  <nil>', '  [1 x map[b:[2] z:1]]', '  B:\tc'],
  ],
];

const head = ['Name:\tw', 'Namespace:\tn', 'Labels:\t<none>', 'Annotations:\t<none>'];

test('a kind that nobody described is told by its fields, in the order of their names', () => {
  const metadata = { name: 'w', namespace: 'n', uid: 'u', managedFields: [] };
  assert.deepEqual(genericLines({ metadata, kind: 'Widget', apiVersion: 'ex.com/v1', handler: 'h', Above: 1 }), [
    ...head,
    'Above:\t1',
    'API Version:\tex.com/v1',
    'Handler:\th',
    'Kind:\tWidget',
    'Metadata:',
    '  UID:\tu',
  ]);
});

test('the names of fields in words', () => {
  const metadata = { name: 'w', namespace: 'n' };
  for (const [key, text] of Object.entries(words)) assert.ok(genericLines({ metadata, [key]: 1 }).includes(`${text}:\t1`), text);
});

test('the values of fields as Go prints them', () => {
  const metadata = { name: 'w', namespace: 'n' };
  for (const [value, lines] of values) {
    assert.deepEqual(genericLines({ metadata, v: value }).slice(5), lines);
  }
});
