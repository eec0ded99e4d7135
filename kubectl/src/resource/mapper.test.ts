import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiResource } from './discovery.ts';
import { Mapper } from './mapper.ts';

const resource = (group: string, kind: string, short: string): ApiResource => ({
  ...{ apiVersion: group === '' ? 'v1' : `${group}/v1`, group, version: 'v1', kind, resource: `${kind.toLowerCase()}s` },
  ...{ singular: kind.toLowerCase(), shortNames: [short], categories: [], namespaced: true, verbs: ['list'], subresources: [] },
  ...{ preferred: true, listKind: `${kind}List`, stored: true, typeName: kind },
});
const mapper = new Mapper([resource('', 'Pod', 'po'), resource('apps', 'Deployment', 'deploy')]);

test('a version stands before a group, be it the empty one; alone it is taken for a group', () => {
  for (const name of ['pods', 'po', 'Pod', 'pods.v1.']) assert.equal(mapper.resolve(name).kind, 'Pod', name);
  for (const name of ['deploy.apps', 'deployments.v1.apps', 'deploy.app']) assert.equal(mapper.resolve(name).kind, 'Deployment', name);
  assert.throws(() => mapper.resolve('pods.v1'), /^Error: the server doesn't have a resource type "pods"$/);
});

test('of a short name that could mean more it is told once what else', () => {
  const told: string[] = [];
  const both = new Mapper([resource('', 'Event', 'ev'), resource('events.k8s.io', 'Event', 'ev')], (text) => told.push(text));
  assert.equal(both.resolve('ev').group, '');
  both.resolve('ev');
  both.resolve('events');
  both.resolve('ev.events.k8s.io');
  assert.deepEqual(told, ['short name "ev" could also match lower priority resource events.events.k8s.io']);
});
