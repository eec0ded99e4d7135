import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectionPath, createPath, listParameters, objectPath, parentOf, withQuery } from './request.ts';

const pods = { group: '', version: 'v1', resource: 'pods', namespaced: true };
const nodes = { group: '', version: 'v1', resource: 'nodes', namespaced: false };
const deployments = { group: 'apps', version: 'v1', resource: 'deployments', namespaced: true };
const roles = { group: 'rbac.authorization.k8s.io', version: 'v1', resource: 'clusterroles', namespaced: false };

test('paths of the core group and of named groups', () => {
  assert.equal(collectionPath(pods), '/api/v1/pods');
  assert.equal(collectionPath(pods, 'a'), '/api/v1/namespaces/a/pods');
  assert.equal(objectPath(nodes, { name: 'n1' }), '/api/v1/nodes/n1');
  assert.equal(objectPath(deployments, { name: 'web', namespace: 'a' }, 'status'), '/apis/apps/v1/namespaces/a/deployments/web/status');
});

test('names are escaped as path segments; colons stand as they are', () => {
  assert.equal(objectPath(roles, { name: 'system:node' }), '/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node');
  assert.equal(objectPath(roles, { name: 'a:b/c d' }), '/apis/rbac.authorization.k8s.io/v1/clusterroles/a:b%2Fc%20d');
});

test('incomplete keys are refused', () => {
  assert.throws(() => objectPath(pods, { name: '', namespace: 'a' }), /resource name may not be empty/);
  assert.throws(() => objectPath(pods, { name: 'web' }), /an empty namespace may not be set when a resource name is provided/);
  assert.throws(() => createPath(pods, { name: 'web' }), /an empty namespace may not be set during creation/);
});

test('posted subresources go to their parent', () => {
  const bindings = { group: '', version: 'v1', resource: 'bindings', namespaced: true };
  const scales = { group: 'autoscaling', version: 'v1', resource: '', namespaced: true };
  const key = { name: 'web', namespace: 'a' };
  assert.equal(createPath(bindings, key, { subresource: 'binding' }), '/api/v1/namespaces/a/pods/web/binding');
  assert.equal(parentOf(scales, { subresource: 'scale', parent: deployments }), deployments);
  assert.equal(parentOf(deployments, { subresource: 'status' }), deployments);
  assert.throws(() => parentOf(scales, { subresource: 'scale' }), /needs to be told its parent/);
});

test('absent and empty parameters are left out, others encoded', () => {
  const query = withQuery(
    '/api/v1/pods',
    listParameters({ labelSelector: 'a in (b,c)', fieldSelector: '', limit: 0, resourceVersion: '0' }),
  );
  assert.equal(query, '/api/v1/pods?labelSelector=a%20in%20(b%2Cc)&resourceVersion=0');
});
