import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ControllerRevision } from '@keelson/types';
import { duplicatesOf, forgettable, hashOf } from './history.ts';
import { daemon, daemonSet } from './testdata.ts';

function revision(name: string, number: number, image = name): ControllerRevision {
  return { metadata: { name, labels: { 'controller-revision-hash': name } }, revision: number, data: { image } };
}

const names = (revisions: readonly ControllerRevision[]): (string | undefined)[] => revisions.map(({ metadata }) => metadata.name);

test('revisions that hold the same as the present one are its duplicates', () => {
  const present = revision('b', 2, 'app');
  assert.deepEqual(names(duplicatesOf(present, [revision('a', 1, 'app'), present, revision('c', 3)])), ['a']);
  assert.equal(hashOf({ metadata: { name: 'unlabelled' }, revision: 1 }), 'unlabelled');
});

test('the oldest revisions past the limit are forgotten, but those of daemons that run', () => {
  const history = [revision('a', 1), revision('b', 2), revision('c', 3), revision('d', 4)];
  const present = revision('d', 4);
  const forgotten = (limit: number, ...live: string[]) =>
    names(
      forgettable(
        daemonSet({ revisionHistoryLimit: limit }),
        present,
        history,
        live.map((of) => daemon('n1', { of })),
      ),
    );
  assert.deepEqual(forgotten(1, 'd'), ['a', 'b']);
  assert.deepEqual(forgotten(2, 'a'), ['b']);
  assert.deepEqual(forgotten(0, 'a', 'b'), ['c']);
  assert.deepEqual(forgotten(10), []);
});
