import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTrue, parseRequest, selectedName } from './request-info.ts';

/** method, URL → verb, group/version, namespace, resource/subresource, name, rest */
const table: ReadonlyArray<readonly [string, string, string]> = [
  ['GET', '/api/v1/pods', 'list /v1 - pods - -'],
  ['GET', '/api/v1/pods?watch=true', 'watch /v1 - pods - -'],
  ['GET', '/api/v1/pods?watch', 'watch /v1 - pods - -'],
  ['GET', '/api/v1/pods?watch=false', 'list /v1 - pods - -'],
  ['GET', '/api/v1/watch/pods', 'watch /v1 - pods - -'],
  ['GET', '/api/v1/watch/namespaces/a/pods/x', 'watch /v1 a pods x -'],
  ['GET', '/api/v1/namespaces/a/pods', 'list /v1 a pods - -'],
  ['GET', '/api/v1/namespaces/a/pods/x', 'get /v1 a pods x -'],
  ['HEAD', '/api/v1/namespaces/a/pods/x', 'get /v1 a pods x -'],
  ['POST', '/api/v1/namespaces/a/pods', 'create /v1 a pods - -'],
  ['PUT', '/api/v1/namespaces/a/pods/x/status', 'update /v1 a pods/status x -'],
  ['PATCH', '/api/v1/namespaces/a/pods/x', 'patch /v1 a pods x -'],
  ['DELETE', '/api/v1/namespaces/a/pods/x', 'delete /v1 a pods x -'],
  ['DELETE', '/api/v1/namespaces/a/pods', 'deletecollection /v1 a pods - -'],
  ['OPTIONS', '/api/v1/namespaces/a/pods', ' /v1 a pods - -'],
  ['GET', '/api/v1/namespaces', 'list /v1 - namespaces - -'],
  ['GET', '/api/v1/namespaces/a', 'get /v1 a namespaces a -'],
  ['PUT', '/api/v1/namespaces/a/finalize', 'update /v1 a namespaces/finalize a -'],
  ['GET', '/api/v1/namespaces/a/status', 'get /v1 a namespaces/status a -'],
  ['GET', '/api/v1/namespaces/status/pods', 'list /v1 status pods - -'],
  ['GET', '/api/v1/namespaces/a/status/x', 'get /v1 a namespaces/status a x'],
  ['GET', '/api/v1/pods?watch=no', 'watch /v1 - pods - -'],
  ['GET', '/api/v1/pods?watch=FALSE', 'list /v1 - pods - -'],
  ['GET', '/api/v1/namespaces/a/pods/x?watch=true', 'get /v1 a pods x -'],
  ['POST', '/api/v1/watch/pods', 'watch /v1 - pods - -'],
  ['GET', '/api/v1/proxy/namespaces/a/pods/x/to/there', 'proxy /v1 a pods x to/there'],
  ['GET', '/api/v1/pods/', 'list /v1 - pods - -'],
  ['GET', '/api/v1//pods', 'get /v1 -  pods -'],
  ['GET', '/apis/apps/v1/namespaces/a/deployments/web/scale', 'get apps/v1 a deployments/scale web -'],
  ['GET', '/api/v1/namespaces/a/pods/x/proxy/some/path', 'get /v1 a pods/proxy x some/path'],
  ['GET', '/api/v1/nodes/a%2Fb', 'get /v1 - nodes/b a -'],
  ['GET', '/api/v1/namespaces/a%2Fpods/x', 'get /v1 a pods x -'],
  ['GET', '/api/v1/nodes/%zz', 'get /v1 - nodes %zz -'],
];

test('methods and paths become verbs and places', () => {
  for (const [method, url, expected] of table) {
    const { verb, group, version, namespace, resource, subresource, name, rest } = parseRequest(method, url);
    const found = `${verb} ${group}/${version} ${namespace || '-'} ${resource}${subresource && `/${subresource}`} ${name || '-'} ${rest || '-'}`;
    assert.equal(found, expected, `${method} ${url}`);
  }
});

test('what is no resource keeps its path and method', () => {
  for (const url of ['/', '/healthz', '/api', '/api/v1', '/apis', '/apis/apps', '/apis/apps/v1', '/version/', '/foo/bar/baz']) {
    const info = parseRequest('GET', url);
    assert.deepEqual([info.isResource, info.verb, info.path], [false, 'get', url]);
  }
});

test('of query booleans only two texts are false', () => {
  assert.deepEqual(['1', 'true', 'T', '', 'yes', 'f'].map(isTrue), [true, true, true, true, true, true]);
  assert.deepEqual(['0', 'false', 'False'].map(isTrue), [false, false, false]);
  assert.equal(isTrue(null), false);
});

test('a collection narrowed to one name is authorised by that name', () => {
  const named = (url: string, method = 'GET') => selectedName(parseRequest(method, url));
  assert.equal(named('/api/v1/nodes?fieldSelector=metadata.name%3Dn1'), 'n1');
  assert.equal(named('/api/v1/nodes?watch=1&fieldSelector=a%3Db,metadata.name%3D%3Dn1'), 'n1');
  assert.equal(named('/api/v1/nodes?fieldSelector=metadata.name!%3Dn1'), '');
  // The comma is escaped: all nodes but those of an odd type are asked for.
  assert.equal(named(`/api/v1/nodes?fieldSelector=${encodeURIComponent('type!=x\\,metadata.name=n1')}`), '');
  assert.equal(named('/api/v1/nodes?fieldSelector=metadata.name%3D..'), '');
  assert.equal(named('/api/v1/nodes/n2?fieldSelector=metadata.name%3Dn1'), '');
  assert.equal(named('/api/v1/nodes?fieldSelector=metadata.name%3Dn1', 'POST'), '');
  assert.equal(named('/api/v1/nodes?fieldSelector=metadata.name%3Dn1', 'DELETE'), '');
  assert.equal(named('/api/v1/watch/nodes?fieldSelector=metadata.name%3Dn1'), '');
});
