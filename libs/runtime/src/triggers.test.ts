import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pod, ReplicaSet } from '@keelson/types';
import { joinKey, keyOf, splitKey } from './keys.ts';
import { ownerOf, ownerUid, self } from './triggers.ts';
import type { Stores } from './types.ts';

const stores: Stores = {
  of: () => {
    throw new Error('not needed');
  },
};

const owned = (apiVersion: string, kind: string, controller = true): Pod => ({
  metadata: { name: 'p', namespace: 'n', ownerReferences: [{ apiVersion, kind, name: 'web', uid: 'u', controller }] },
  spec: { containers: [] },
});

test('keys go apart and together', () => {
  for (const key of ['n/a', 'a']) assert.equal(joinKey(splitKey(key)), key);
  assert.deepEqual(splitKey('n/a'), { namespace: 'n', name: 'a' });
  assert.equal(keyOf({ metadata: { name: 'a' } }), 'a');
});

test('self is the object’s own key', () => {
  assert.deepEqual(self(Pod).keys(owned('apps/v1', 'ReplicaSet'), stores), ['n/p']);
});

test('ownerOf is the key of the controller, of the wanted group and kind, in any version', () => {
  const trigger = ownerOf(Pod, ReplicaSet);
  assert.deepEqual(trigger.keys(owned('apps/v1', 'ReplicaSet'), stores), ['n/web']);
  assert.deepEqual(trigger.keys(owned('apps/v1beta1', 'ReplicaSet'), stores), ['n/web']);
  assert.deepEqual(trigger.keys(owned('example.com/v1', 'ReplicaSet'), stores), []);
  assert.deepEqual(trigger.keys(owned('apps/v1', 'ReplicaSet', false), stores), []);
  assert.deepEqual(trigger.keys({ metadata: { name: 'p', namespace: 'n' }, spec: { containers: [] } }, stores), []);
  assert.deepEqual(trigger.indexes?.[ownerUid]?.(owned('apps/v1', 'ReplicaSet')), ['u']);
});
