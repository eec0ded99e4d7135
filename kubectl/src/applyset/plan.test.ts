import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnyObject } from '../types.ts';
import { applySetId } from './parent.ts';
import {
  asMember,
  type GroupKind,
  idLabel,
  kindsAnnotation,
  memberLabel,
  namespacesAnnotation,
  type ParentKey,
  parentManifest,
  parseParent,
  readParent,
  resourcesAnnotation,
  searches,
  toolingAnnotation,
  union,
} from './plan.ts';

const secret: ParentKey = { apiVersion: 'v1', group: '', kind: 'Secret', namespace: 'test', name: 'my-set' };
const custom: ParentKey = { apiVersion: 'company.com/v1', group: 'company.com', kind: 'ApplySet', namespace: '', name: 'my-set' };
const own = { title: 'secrets./my-set', id: 'the-id' };
interface Scoped extends GroupKind {
  readonly namespaced: boolean;
}
const configMap: Scoped = { group: '', kind: 'ConfigMap', namespaced: true };
const deployment: Scoped = { group: 'apps', kind: 'Deployment', namespaced: true };
const namespace: Scoped = { group: '', kind: 'Namespace', namespaced: false };

function parent(annotations: Record<string, string>, labels: Record<string, string> = { [idLabel]: 'the-id' }): AnyObject {
  return { metadata: { name: 'my-set', annotations, labels } };
}

test('a parent is named by resource, group and name; a name alone is a secret', () => {
  assert.deepEqual(parseParent('x'), { resource: 'secrets', group: '', name: 'x' });
  assert.deepEqual(parseParent('a.b'), { resource: 'secrets', group: '', name: 'a.b' });
  assert.deepEqual(parseParent('cm/x'), { resource: 'cm', group: '', name: 'x' });
  assert.deepEqual(parseParent('sets.a.example/x/y'), { resource: 'sets', group: 'a.example', name: 'x/y' });
  assert.throws(() => parseParent('secret/'), { message: 'invalid parent reference "secret/": name cannot be blank' });
  assert.throws(() => parseParent('/x'), { message: 'invalid parent reference "/x": a resource must be present, got: /, Resource=' });
  assert.throws(() => parseParent('.apps/x'), {
    message: 'invalid parent reference ".apps/x": a resource must be present, got: apps/, Resource=',
  });
});

test("the id is every tool's", () => {
  assert.equal(applySetId(secret), 'applyset-0eFHV8ySqp7XoShsGvyWFQD3s96yqwHmzc4e0HR1dsY-v1');
  assert.equal(applySetId(custom), 'applyset-rhp1a-HVAVT_dFgyEygyA1BEB82HPp2o10UiFTpqtAs-v1');
});

test('a parent tells of kinds and of the namespaces beside its own, in order', () => {
  const contents = { kinds: [configMap, deployment, configMap], namespaces: ['test', 'b', 'a', 'b'] };
  const { metadata } = parentManifest(secret, 'the-id', contents, 'v1.2.3');
  assert.deepEqual(metadata, {
    name: 'my-set',
    namespace: 'test',
    labels: { [idLabel]: 'the-id' },
    annotations: {
      [toolingAnnotation]: 'kubectl/v1.2.3',
      [kindsAnnotation]: 'ConfigMap,Deployment.apps',
      [namespacesAnnotation]: 'a,b',
    },
  });
  const { metadata: none } = parentManifest(custom, 'the-id', { kinds: [], namespaces: ['test'] }, 'v1');
  assert.equal(none.namespace, undefined);
  assert.deepEqual([none.annotations?.[kindsAnnotation], none.annotations?.[namespacesAnnotation]], ['', 'test']);
});

test('what a parent told is read again, also in its older form', () => {
  const tooling = { [toolingAnnotation]: 'kubectl/v1.27' };
  assert.deepEqual(readParent(parent({ ...tooling, [kindsAnnotation]: 'ConfigMap,Deployment.apps', [namespacesAnnotation]: 'a,b' }), own), {
    kinds: [
      { kind: 'ConfigMap', group: '' },
      { kind: 'Deployment', group: 'apps' },
    ],
    namespaces: ['a', 'b'],
  });
  assert.deepEqual(readParent(parent({ ...tooling, [kindsAnnotation]: '', [resourcesAnnotation]: 'pods' }), own), {
    kinds: [],
    namespaces: [],
  });
  assert.deepEqual(readParent(parent({ ...tooling, [resourcesAnnotation]: 'pods,deployments.apps' }), own), {
    resources: [
      { resource: 'pods', group: '' },
      { resource: 'deployments', group: 'apps' },
    ],
    namespaces: [],
  });
});

test('an object that is no parent of kubectl is left alone', () => {
  const already = 'ApplySet parent object "secrets./my-set" already exists and';
  const rule = `kubectl requires the "${kindsAnnotation}" annotation to be set on all ApplySet parent objects`;
  const ours = { [toolingAnnotation]: 'kubectl/v1.27' };
  const cases: [AnyObject, string][] = [
    [{ metadata: {} }, `${already} is missing required annotation "${toolingAnnotation}"`],
    [parent({ [toolingAnnotation]: 'helm' }), `${already} is managed by tooling "helm" instead of "kubectl"`],
    [parent({ [toolingAnnotation]: '' }), `${already} is managed by tooling "" instead of "kubectl"`],
    [parent({ [toolingAnnotation]: 'e.com/a/b/v1' }), `${already} is managed by tooling "e.com/a/b" instead of "kubectl"`],
    [parent(ours, {}), `ApplySet parent object "secrets./my-set" exists and does not have required label ${idLabel}`],
    [
      parent(ours, { [idLabel]: '' }),
      `ApplySet parent object "secrets./my-set" exists and has incorrect value for label "${idLabel}" (got: , want: the-id)`,
    ],
    [parent(ours), `parsing ApplySet annotation on "secrets./my-set": ${rule}`],
    [parent({ ...ours, [resourcesAnnotation]: '' }), `parsing ApplySet annotation on "secrets./my-set": ${rule}`],
  ];
  for (const [live, message] of cases) assert.throws(() => readParent(live, own), { message });
});

test('members are looked for wherever there were some or are some now', () => {
  const both = union({ kinds: [deployment, namespace], namespaces: ['b'] }, { kinds: [configMap, deployment], namespaces: ['a', 'b'] });
  assert.deepEqual(
    searches(both, secret).map(({ mapping, namespace: place }) => `${mapping.kind} ${place}`),
    [...['ConfigMap a', 'ConfigMap b', 'ConfigMap test', 'Deployment a', 'Deployment b', 'Deployment test'], 'Namespace undefined'],
  );
  assert.deepEqual(searches({ kinds: [configMap], namespaces: [] }, custom), []);
});

test('a manifest becomes a member, unless it says that it is one', () => {
  const manifest: AnyObject = { metadata: { name: 'a', labels: { app: 'x' } } };
  assert.deepEqual(asMember(manifest, 'the-id').metadata.labels, { app: 'x', [memberLabel]: 'the-id' });
  assert.deepEqual(manifest.metadata.labels, { app: 'x' });
  const labelled = { metadata: { labels: { [memberLabel]: 'other' } } };
  assert.throws(() => asMember(labelled, 'the-id'), { message: `ApplySet label "${memberLabel}" already set in input data` });
});
