import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectMeta } from '@keelson/types';
import { type Action, type OwnerState, planCollection, type View } from './plan.ts';

const ref = (uid: string, blockOwnerDeletion = false) => ({ apiVersion: 'v1', kind: 'ConfigMap', name: uid, uid, blockOwnerDeletion });
const deleted = '2026-01-01T00:00:00Z';

function view(metadata: ObjectMeta, owners: Record<string, OwnerState> = {}, dependents: ObjectMeta[] = []): View {
  return {
    metadata: { uid: 'me', ownerReferences: Object.keys(owners).map((uid) => ref(uid)), ...metadata },
    owners: new Map(Object.entries(owners)),
    dependents,
  };
}

const leavingChild: ObjectMeta = { ownerReferences: [ref('me')], deletionTimestamp: deleted, finalizers: ['foregroundDeletion'] };
const cases: readonly (readonly [string, View, Action])[] = [
  ['no owners', view({}), { type: 'none' }],
  ['an owner is there', view({}, { a: 'present' }), { type: 'none' }],
  ['the only owner is gone', view({}, { a: 'absent' }), { type: 'delete', policy: 'Background', unblock: false }],
  ['one of two is gone', view({}, { a: 'present', b: 'absent' }), { type: 'disown', uids: ['b'] }],
  ['one of two leaves', view({}, { a: 'present', b: 'leaving' }), { type: 'disown', uids: ['b'] }],
  ['the owner waits, no dependents', view({}, { a: 'leaving' }), { type: 'delete', policy: 'Background', unblock: false }],
  ['the owner waits, with dependents', view({}, { a: 'leaving' }, [{}]), { type: 'delete', policy: 'Foreground', unblock: false }],
  ['a circle of waiting', view({}, { a: 'leaving' }, [leavingChild]), { type: 'delete', policy: 'Foreground', unblock: true }],
  [
    'finalizers carry the policy on',
    view({ finalizers: ['orphan'] }, { a: 'absent' }),
    { type: 'delete', policy: 'Orphan', unblock: false },
  ],
  ['deleted already', view({ deletionTimestamp: deleted }, { a: 'absent' }), { type: 'none' }],
  ['deleted, orphaning', view({ deletionTimestamp: deleted, finalizers: ['orphan'] }), { type: 'orphan' }],
  [
    'deleted, waiting for a child',
    view({ deletionTimestamp: deleted, finalizers: ['foregroundDeletion'] }, {}, [{ ownerReferences: [ref('me', true)] }]),
    { type: 'none' },
  ],
  [
    'deleted, its child does not hold it up',
    view({ deletionTimestamp: deleted, finalizers: ['foregroundDeletion'] }, {}, [{ ownerReferences: [ref('me')] }]),
    { type: 'release', finalizer: 'foregroundDeletion' },
  ],
];

for (const [name, given, expected] of cases) {
  test(name, () => assert.deepEqual(planCollection(given), expected));
}
