import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@keelson/client';
import { initialState, step, type WatcherInput, type WatcherState } from './watcher.ts';

const object = (name: string, resourceVersion: string): KubeObject => ({ metadata: { name, resourceVersion } });

const page = (resourceVersion: string, next?: string, ...items: KubeObject[]): WatcherInput<KubeObject> => ({
  type: 'page',
  items,
  resourceVersion,
  continue: next,
});

const event = (type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK', resourceVersion: string): WatcherInput<KubeObject> => ({
  type: 'event',
  event: type,
  object: object('a', resourceVersion),
});

const failed = (why: 'expired' | 'ahead' | 'other', chance = 0): WatcherInput<KubeObject> => ({ type: 'failed', why, chance });

/** What became of the state, in a line. */
function line(state: WatcherState<KubeObject>): string {
  switch (state.phase) {
    case 'listing':
      return `list from '${state.resourceVersion}'${state.paged ? '' : ' whole'}${state.continue ? ` at ${state.continue}` : ''}`;
    case 'watching':
      return `watch from ${state.resourceVersion}`;
    case 'waiting':
      return `wait ${state.delay} then ${line(state.next)}`;
  }
}

/** Runs a script and writes down every state and effect. */
function transcript(...inputs: WatcherInput<KubeObject>[]): string[] {
  let state = initialState<KubeObject>();
  const lines = [line(state)];
  for (const input of inputs) {
    const { state: next, effect } = step(state, input);
    const what = effect?.type === 'replace' ? `replace ${effect.objects.map((one) => one.metadata.name).join(' ')}` : effect?.type;
    lines.push(line(next) + (what ? ` (${what})` : ''));
    state = next;
  }
  return lines;
}

test('pages are gathered, stored at once and watched from their revision', () => {
  const lines = transcript(
    page('5', 'p2', object('a', '1')),
    page('5', undefined, object('b', '2')),
    event('ADDED', '6'),
    event('BOOKMARK', '9'),
  );
  assert.deepEqual(lines, [
    "list from '0'",
    "list from '0' at p2",
    'watch from 5 (replace a b)',
    'watch from 6 (set)',
    'watch from 9 (seen)',
  ]);
});

test('a broken watch resumes from the last revision, later and later', () => {
  const broken = [failed('other'), { type: 'waited' } as const];
  const lines = transcript(page('5'), ...broken, ...broken, ...broken, ...broken, ...broken, ...broken, failed('other', 0.5));
  const delays = lines.flatMap((text) => /^wait (\d+) then watch from 5$/.exec(text)?.[1] ?? []);
  assert.deepEqual(delays, ['800', '1600', '3200', '6400', '12800', '25600', '45000']);
});

test('an event ends the back-off', () => {
  const lines = transcript(page('5'), failed('other'), { type: 'waited' }, event('MODIFIED', '6'), failed('other'));
  assert.equal(lines.at(-1), 'wait 800 then watch from 6');
});

test('a watch that the server ends is resumed at once, unless it was very short', () => {
  assert.equal(transcript(page('5'), { type: 'ended', lived: 60_000 }).at(-1), 'watch from 5');
  assert.equal(transcript(page('5'), { type: 'ended', lived: 10 }).at(-1), 'wait 800 then watch from 5');
});

test('an expired revision lists anew, not older than what is known; twice in a row it waits', () => {
  const lines = transcript(page('5'), failed('expired'), page('7'), failed('expired'));
  assert.deepEqual(lines.slice(2), ["list from '5' whole", 'watch from 7 (replace )', "wait 1600 then list from '7' whole"]);
});

test('a list from a revision that is gone or not yet there asks for the newest', () => {
  assert.equal(transcript(page('5'), failed('expired'), failed('expired')).at(-1), "list from ''");
  assert.equal(transcript(page('5'), failed('expired'), failed('ahead')).at(-1), "list from ''");
  assert.equal(transcript(page('5'), failed('ahead')).at(-1), "wait 800 then list from ''");
});

test('an expired page makes the next list whole', () => {
  assert.equal(transcript(page('5', 'p2'), failed('expired')).at(-1), "list from '' whole");
});

test('what was heard before is not heard again', () => {
  const lines = transcript(page('5'), event('MODIFIED', '10'), event('DELETED', '9'), event('MODIFIED', '10'), event('DELETED', '11'));
  assert.deepEqual(lines.slice(2), ['watch from 10 (set)', 'watch from 10', 'watch from 10', 'watch from 11 (delete)']);
});
