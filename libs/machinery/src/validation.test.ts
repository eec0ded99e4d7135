import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectMeta } from '@keelson/types';
import { type FieldError, formatFieldError, path } from './field.ts';
import { isDNS1123Subdomain } from './names.ts';
import * as v from './validation.ts';

const at = path('metadata');
const text = (errors: readonly FieldError[]): string[] => errors.map(formatFieldError);
const check = (meta: ObjectMeta, namespaced = true): string[] =>
  text(v.validateObjectMeta(meta, { namespaced, name: isDNS1123Subdomain }, at));
const good = { name: 'a', namespace: 'b' };

test('metadata that is right', () => {
  assert.deepEqual(check({ ...good, labels: { a: 'b' }, annotations: { 'Example.com/A': 'any' }, finalizers: ['orphan', 'a.b/c'] }), []);
});

const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' };
const wrong: [meta: ObjectMeta, problems: RegExp[], namespaced?: boolean][] = [
  [{}, [/^metadata.name: Required value: name or generateName is required$/, /^metadata.namespace: Required value$/]],
  [{ name: 'A' }, [/^metadata.name: Invalid value: "A": a lowercase RFC 1123 subdomain/], false],
  [{ ...good, generateName: '.' }, [/^metadata.generateName: Invalid value: "\."/]],
  [good, [/^metadata.namespace: Forbidden: not allowed on this type$/], false],
  [
    { ...good, labels: { 'a b': 'c d' } },
    [/^metadata.labels: Invalid value: "a b": name part/, /^metadata.labels: Invalid value: "c d": a valid label/],
  ],
  [{ ...good, annotations: { a: 'x'.repeat(256 * 1024) } }, [/^metadata.annotations: Too long: may not be more than 262144 bytes$/]],
  [{ ...good, generation: -1 }, [/^metadata.generation: Invalid value: -1: must be greater than or equal to 0$/]],
  [{ ...good, ownerReferences: [{ ...owner, uid: '' }] }, [/^metadata.ownerReferences.uid: Invalid value: "": must not be empty$/]],
  [{ ...good, ownerReferences: [{ ...owner, kind: 'Event' }] }, [/\/v1, Kind=Event is disallowed from being an owner$/]],
  [
    {
      ...good,
      ownerReferences: [
        { ...owner, controller: true },
        { ...owner, name: 'q', controller: true },
      ],
    },
    [/Only one reference can have Controller set to true. Found "true" in references for Pod\/p and Pod\/q$/],
  ],
  [
    { ...good, finalizers: ['mine'] },
    [/^metadata.finalizers\[0\]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified$/],
  ],
  [
    { ...good, finalizers: ['orphan', 'foregroundDeletion'] },
    [/^metadata.finalizers: Invalid value: \["orphan","foregroundDeletion"\]: finalizer orphan and foregroundDeletion cannot be both set$/],
  ],
  [
    { ...good, managedFields: [{ operation: 'X', manager: 'm' }] },
    [/^metadata.managedFields\[0\].operation: Invalid value: "X": must be `Apply` or `Update`$/],
  ],
];

test('metadata that is wrong, and why', () => {
  for (const [meta, problems, namespaced] of wrong) {
    const found = check(meta, namespaced);
    assert.equal(found.length, problems.length, found.join('\n'));
    for (const [i, problem] of problems.entries()) assert.match(found[i] ?? '', problem);
  }
});

test('metadata updates', () => {
  const old = { ...good, uid: 'u', resourceVersion: '1', creationTimestamp: '2024-01-01T00:00:00Z', generation: 2 };
  const update = (change: ObjectMeta, from: ObjectMeta = old): string[] =>
    text(v.validateObjectMetaUpdate({ ...from, ...change }, from, at));
  assert.deepEqual(update({ labels: { a: 'b' } }), []);
  assert.deepEqual(update({ uid: 'v' }), ['metadata.uid: Invalid value: "v": field is immutable']);
  assert.deepEqual(update({ creationTimestamp: undefined }), ['metadata.creationTimestamp: Invalid value: null: field is immutable']);
  assert.deepEqual(update({ resourceVersion: '' }), ['metadata.resourceVersion: Invalid value: "": must be specified for an update']);
  assert.deepEqual(update({ generation: 1 }), ['metadata.generation: Invalid value: 1: must not be decremented']);
  const dying = { ...old, deletionTimestamp: '2024-01-02T00:00:00Z', finalizers: ['a.b/c'] };
  assert.deepEqual(update({ finalizers: [] }, dying), []);
  assert.deepEqual(update({ finalizers: ['a.b/c', 'x.y/z'] }, dying), [
    'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"x.y/z"}',
  ]);
});

test('field managers', () => {
  assert.deepEqual(text(v.validateFieldManager('kubectl', 'fieldManager')), []);
  assert.deepEqual(text(v.validateFieldManager('x'.repeat(129), 'fieldManager')), [
    'fieldManager: Too long: may not be more than 128 bytes',
  ]);
  assert.deepEqual(text(v.validateFieldManager('é\t', 'fieldManager')), [
    'fieldManager: Invalid value: "é\\t": invalid character U+0009 (at position 2)',
  ]);
});

test('selectors in objects', () => {
  const selector = {
    matchLabels: { 'a b': '' },
    matchExpressions: [
      { key: 'a', operator: 'In' },
      { key: 'a', operator: 'Exists', values: ['x'] },
      { key: 'a', operator: 'Like', values: ['x y'] },
    ],
  };
  assert.deepEqual(
    v.validateLabelSelector(selector, path('s')).map(({ type, path: where }) => `${type} ${where}`),
    [
      'Invalid s.matchLabels',
      'Required s.matchExpressions[0].values',
      'Forbidden s.matchExpressions[1].values',
      'Invalid s.matchExpressions[2].operator',
      'Invalid s.matchExpressions[2].values[0]',
    ],
  );
});

test('domains say which of their labels is wrong', () => {
  const long = 'a'.repeat(64);
  for (const [name, message] of [
    ['a.b.', ''],
    ['', 'at: Required value'],
    ['a.', 'at: Invalid value: "a": should be a domain with at least two segments separated by dots'],
    [`a.${long}.b${long}`, `at: Invalid value: "${long}": must be no more than 63 characters`],
  ] as const)
    assert.equal(text(v.validateFullyQualifiedDomainName(name, 'at')).join(), message);
});
