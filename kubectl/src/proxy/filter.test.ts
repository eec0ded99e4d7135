import assert from 'node:assert/strict';
import { test } from 'node:test';
import { behindPrefix, expressions, isAccepted } from './filter.ts';

const rules = {
  acceptHosts: expressions('^localhost$,^127\\.0\\.0\\.1$,^\\[::1\\]$', 'accept-hosts'),
  acceptPaths: expressions('^.*', 'accept-paths'),
  rejectPaths: expressions('^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach', 'reject-paths'),
  rejectMethods: expressions('^$', 'reject-methods'),
};

test('what passes unless told', () => {
  const passes = (path: string, host = 'localhost:8001', method = 'GET') => isAccepted({ method, path, host }, rules);
  assert.ok(passes('/api/v1/pods'));
  assert.ok(passes('/api/v1/pods', '127.0.0.1:9', 'DELETE'));
  assert.ok(passes('/api/v1/pods', '[::1]:8001'));
  assert.ok(!passes('/api/v1/pods', 'example.com'));
  assert.ok(!passes('/api/v1/pods', 'localhost.example.com:80'));
  assert.ok(!passes('/api/v1/namespaces/a/pods/b/exec'));
  assert.ok(!passes('/api/v1/namespaces/a/pods/b/attach'));
});

test('methods and paths that are rejected are so even where they are accepted', () => {
  const strict = {
    ...rules,
    rejectMethods: expressions('POST,PUT', 'reject-methods'),
    acceptPaths: expressions('^/api/v1', 'accept-paths'),
  };
  assert.ok(!isAccepted({ method: 'POST', path: '/api/v1', host: 'localhost' }, strict));
  assert.ok(!isAccepted({ method: 'GET', path: '/apis', host: 'localhost' }, strict));
  assert.throws(() => expressions('[', 'accept-paths'), /^Error: --accept-paths: error parsing regexp: /);
});

test('paths below a prefix', () => {
  assert.equal(behindPrefix('/api?x=/y', '/'), '/api?x=/y');
  assert.equal(behindPrefix('/k8s/api/v1', '/k8s/'), '/api/v1');
  assert.equal(behindPrefix('/other/api', '/k8s/'), undefined);
});
