import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { core_v1, ObjectOf, PodSpec, WatchEvent } from './index.ts';
import {
  allKinds,
  Deployment,
  Endpoints,
  Event,
  EventsV1Event,
  HorizontalPodAutoscaler,
  Node,
  Pod,
  Scale,
  subresourceKinds,
  TokenReview,
} from './index.ts';

test('a kind is both a type and a descriptor', () => {
  const spec: PodSpec = { containers: [{ name: 'web', image: 'nginx' }] };
  const pod: Pod = { metadata: { name: 'web-0' }, spec };
  const same: ObjectOf<typeof Pod> = pod;
  const named: core_v1.Pod = same;
  const event: WatchEvent<Pod> = { type: 'ADDED', object: named };
  assert.equal(event.object.spec.containers[0]?.name, 'web');
  assert.deepEqual(Pod, {
    group: '',
    version: 'v1',
    apiVersion: 'v1',
    kind: 'Pod',
    listKind: 'PodList',
    resource: 'pods',
    singular: 'pod',
    shortNames: ['po'],
    categories: ['all'],
    namespaced: true,
    stored: true,
    typeName: 'core.v1.Pod',
  });
});

test('descriptors tell group, scope and irregular plurals', () => {
  assert.equal(Deployment.apiVersion, 'apps/v1');
  assert.equal(Node.namespaced, false);
  assert.equal(Endpoints.resource, 'endpoints');
  assert.equal(TokenReview.stored, false);
});

test('the preferred version has the flat name', () => {
  assert.equal(HorizontalPodAutoscaler.version, 'v2');
  assert.equal(Event.group, '');
  assert.equal(EventsV1Event.group, 'events.k8s.io');
});

test('all kinds are listed, those without a resource apart', () => {
  assert.equal(allKinds.length, 68);
  assert.deepEqual(subresourceKinds.map((k) => k.kind).toSorted(), ['Eviction', 'Scale', 'TokenRequest']);
  assert.ok(!allKinds.includes(Scale));
  const resources = new Set(allKinds.map((k) => `${k.apiVersion}/${k.resource}`));
  assert.equal(resources.size, allKinds.length);
});
