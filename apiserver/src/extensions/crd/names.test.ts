import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CustomResourceDefinition } from '@keelson/types';
import { decideNames, NamesInUse } from './names.ts';

function definition(plural: string, shortNames: readonly string[], accepted = false): CustomResourceDefinition {
  const names = { plural, singular: plural.slice(0, -1), kind: plural.slice(0, -1), listKind: `${plural}List`, shortNames };
  const status = accepted ? { acceptedNames: names } : undefined;
  return {
    metadata: { name: `${plural}.a.b` },
    spec: { group: 'a.b', names, versions: [] },
    status,
  } as unknown as CustomResourceDefinition;
}

test('short names that others have are told together, each once', () => {
  const inUse = new NamesInUse();
  inUse.take(definition('ones', ['x', 'y'], true));
  const said = (...shortNames: string[]): string | undefined => decideNames(definition('twos', shortNames), inUse).namesAccepted.message;
  assert.equal(said('x', 'z'), '"x" is already in use');
  assert.equal(said('x', 'y', 'x'), '["x" is already in use, "y" is already in use]');
});

test('who has names is known by group until they are given up', () => {
  const inUse = new NamesInUse();
  for (const plural of ['ones', 'twos']) inUse.take(definition(plural, []));
  assert.deepEqual(
    [inUse.definitions('a.b'), inUse.definitions('c.d'), inUse.definitions()],
    [['ones.a.b', 'twos.a.b'], [], ['ones.a.b', 'twos.a.b']],
  );
  inUse.release('ones.a.b');
  assert.deepEqual([inUse.has('ones.a.b'), inUse.has('twos.a.b')], [false, true]);
});
