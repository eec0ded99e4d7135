import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kind } from '@keelson/types';
import type { AnyObject } from '../types.ts';
import { parseResourceArguments } from './arguments.ts';
import type { ApiResource } from './discovery.ts';
import { parseDocuments } from './files.ts';
import { Mapper } from './mapper.ts';

const resource = (facts: Parameters<typeof kind>[0]): ApiResource => ({
  ...kind<AnyObject>(facts),
  verbs: ['list'],
  subresources: [],
  preferred: true,
});

const mapper = new Mapper([
  resource({ kind: 'Pod', resource: 'pods', shortNames: ['po'], categories: ['all'], typeName: '' }),
  resource({ kind: 'Event', resource: 'events', shortNames: ['ev'], typeName: '' }),
  resource({ group: 'apps', kind: 'Deployment', resource: 'deployments', shortNames: ['deploy'], categories: ['all'], typeName: '' }),
  resource({ group: 'events.k8s.io', kind: 'Event', resource: 'events', shortNames: ['ev'], typeName: '' }),
]);

test('types, names and both', () => {
  assert.deepEqual(parseResourceArguments(['pods,svc,pods']), [{ type: 'pods' }, { type: 'svc' }]);
  assert.deepEqual(parseResourceArguments(['pod', 'a', 'b']), [
    { type: 'pod', name: 'a', slash: false },
    { type: 'pod', name: 'b', slash: false },
  ]);
  assert.deepEqual(parseResourceArguments(['pod/a', 'svc/b']), [
    { type: 'pod', name: 'a', slash: true },
    { type: 'svc', name: 'b', slash: true },
  ]);
  assert.throws(() => parseResourceArguments(['pod', 'pod/a']), /there is no need to specify a resource type as a separate argument/);
  assert.throws(() => parseResourceArguments(['pod/']), /must have a single resource and name/);
  assert.throws(() => parseResourceArguments(['pod/a'], true), /selectors and the all flag cannot be used when passing resource\/name/);
  assert.throws(() => parseResourceArguments(['pod', 'a'], true), /name cannot be provided when a selector is specified/);
});

test('resources by plural, singular, short name, kind, group and version', () => {
  for (const name of ['deployments', 'deployment', 'deploy', 'Deployment', 'deployments.apps', 'deployments.v1.apps', 'deploy.apps']) {
    assert.equal(mapper.resolve(name).apiVersion, 'apps/v1', name);
  }
  assert.equal(mapper.resolve('events').group, '', 'the core group comes first');
  assert.equal(mapper.resolve('ev.events.k8s.io').group, 'events.k8s.io');
  assert.deepEqual(
    mapper.expand('all').map((each) => each.kind),
    ['Pod', 'Deployment'],
  );
  assert.throws(() => mapper.resolve('foo'), { message: 'the server doesn\'t have a resource type "foo"' });
});

test('manifests: several documents, lists taken apart, errors that name the source', () => {
  const text = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\n---\napiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: b}\n';
  assert.deepEqual(
    parseDocuments(text, 'x.yaml').map(({ object }) => `${object.kind} ${object.metadata.name}`),
    ['Pod a', 'Pod b'],
  );
  assert.throws(() => parseDocuments('a: [', 'x.yaml'), /^Error: error parsing x\.yaml: error converting YAML to JSON: yaml: line /);
});
