import assert from 'node:assert/strict';
import { test } from 'node:test';
import { container } from '@keelson/testing';
import { type ControllerRevision, DaemonSet, type PodTemplateSpec } from '@keelson/types';
import { expired, planRevision, type Revised, revisionFor, templateOf, templatePatch } from './plan.ts';

function template(image: string): PodTemplateSpec {
  return { spec: { restartPolicy: 'Always', containers: [container({ image })] }, metadata: { labels: { b: '2', a: '1' } } };
}

function ownerOf(image: string, collisionCount?: number): Revised {
  const metadata = { name: 'agent', namespace: 'default', uid: 'u', annotations: { note: 'x' } };
  return { metadata, kind: DaemonSet, template: template(image), hashLabel: 'hash', collisionCount };
}

const revision = (image: string, number: number): ControllerRevision => revisionFor(ownerOf(image), number);

test('a revision holds its template as a patch with ordered keys, under a name made of the hash', () => {
  const { metadata, data, revision: number } = revision('app:1', 4);
  assert.equal(
    JSON.stringify(data),
    '{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"a":"1","b":"2"}},' +
      '"spec":{"containers":[{"image":"app:1","name":"main"}],"restartPolicy":"Always"}}}}',
  );
  const { hash, ...labels } = metadata.labels ?? {};
  assert.deepEqual([number, metadata.name, labels], [4, `agent-${hash}`, { a: '1', b: '2' }]);
  assert.deepEqual([metadata.annotations, metadata.ownerReferences?.[0]?.controller], [{ note: 'x' }, true]);
  assert.deepEqual(templateOf(revision('app:1', 4)), template('app:1'));
  assert.deepEqual(templatePatch(templateOf(revision('app:1', 4))), data);
});

test('a collision count gives another name, and long names are cut', () => {
  assert.notEqual(revisionFor(ownerOf('a'), 1).metadata.name, revisionFor(ownerOf('a', 1), 1).metadata.name);
  const long = { ...ownerOf('a'), metadata: { name: 'x'.repeat(253) } };
  assert.ok((revisionFor(long, 1).metadata.name ?? '').length <= 253);
});

test('a new template gets a new revision, the present one stays, an older one is the newest again', () => {
  const history = [revision('app:2', 2), revision('app:1', 1)];
  const plan = (image: string): [string, number] => {
    const { type, revision: found } = planRevision(ownerOf(image), history);
    return [type, found.revision];
  };
  assert.deepEqual(plan('app:3'), ['create', 3]);
  assert.deepEqual(plan('app:2'), ['there', 2]);
  assert.deepEqual(plan('app:1'), ['renumber', 3]);
  assert.deepEqual(planRevision(ownerOf('app:1'), []).revision.revision, 1);
});

test('of several with the same template the newest counts', () => {
  const twice = [revision('app:1', 1), { ...revision('app:1', 2), metadata: { name: 'other' } }];
  const { type, revision: found } = planRevision(ownerOf('app:1'), twice);
  assert.deepEqual([type, found.metadata.name], ['there', 'other']);
});

test('the oldest that nobody uses are forgotten', () => {
  const history = ['d', 'a', 'c', 'b'].map((image, index) => revision(image, [4, 1, 3, 2][index] ?? 0));
  const forgotten = (live: number, limit: number): number[] =>
    expired(history, (one) => one.revision === live, limit).map((one) => one.revision);
  assert.deepEqual(forgotten(1, 1), [2, 3]);
  assert.deepEqual(forgotten(4, 0), [1, 2, 3]);
  assert.deepEqual(forgotten(4, 3), []);
});
