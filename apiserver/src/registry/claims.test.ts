import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Claims } from './claims.ts';

test('a value is held by the object in the cache, and before that by the write that brings it there', () => {
  const claims = new Claims();
  const release = claims.hold(['10.0.0.1'], 'a');
  assert.equal(claims.holder('10.0.0.1'), 'a');
  claims.changed('a', [], ['10.0.0.1']);
  release();
  assert.equal(claims.holder('10.0.0.1'), 'a');
  claims.changed('a', ['10.0.0.1'], ['10.0.0.2']);
  assert.equal(claims.holder('10.0.0.1'), undefined);
  assert.equal(claims.holder('10.0.0.2'), 'a');
});

test('two writes of one object let go one after the other', () => {
  const claims = new Claims();
  const releases = [claims.hold(['x'], 'a'), claims.hold(['x'], 'a')];
  releases[0]?.();
  assert.equal(claims.holder('x'), 'a');
  releases[1]?.();
  assert.equal(claims.holder('x'), undefined);
});

test('an object that lost a value to another does not free it when it goes', () => {
  const claims = new Claims();
  claims.changed('a', [], ['x']);
  claims.changed('b', [], ['x']);
  claims.changed('a', ['x'], []);
  assert.equal(claims.holder('x'), 'b');
});
