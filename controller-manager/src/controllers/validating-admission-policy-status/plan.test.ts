import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CustomResourceDefinition, ValidatingAdmissionPolicy } from '@keelson/types';
import { loadSchemas } from '@keelson/types/schemas';
import { kindTypes } from './kinds.ts';
import { planStatus, typeWarnings } from './plan.ts';

const widgets = {
  spec: {
    ...{ group: 'example.com', scope: 'Namespaced', names: { plural: 'widgets', kind: 'Widget' } },
    versions: [
      {
        ...{ name: 'v1', served: true, storage: true },
        schema: {
          openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } } },
        },
      },
    ],
  },
} as unknown as CustomResourceDefinition;

const rule = (group: string, resource: string): object => ({
  apiGroups: [group],
  apiVersions: ['v1'],
  operations: ['*'],
  resources: [resource],
});

const policy = (spec: object, ...resourceRules: object[]): ValidatingAdmissionPolicy =>
  ({ metadata: { name: 'p', generation: 3 }, spec: { matchConstraints: { resourceRules }, ...spec } }) as ValidatingAdmissionPolicy;

const types = kindTypes(await loadSchemas(), [widgets]);

/** Warnings as `field: warning`. */
const warned = (one: ValidatingAdmissionPolicy): string[] =>
  typeWarnings(one, types).map(({ fieldRef, warning }) => `${fieldRef}: ${warning}`);
const deployments = rule('apps', 'deployments');

test('expressions are held against the schema of each kind', () => {
  const validations = [{ expression: "object.spec.replicas > '1'", messageExpression: "'wants more than 1, got ' + object.spec.replicas" }];
  const [expression = '', message = '', ...more] = warned(policy({ validations }, deployments));
  assert.match(
    expression,
    /^spec\.validations\[0\]\.expression: apps\/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '\(int, string\)'\n \| /,
  );
  assert.match(message, /^spec\.validations\[0\]\.messageExpression: .*found no matching overload for '_\+_' applied to '\(string, int\)'/);
  assert.deepEqual(more, []);
});

test('fields there are not, of built-in and of custom kinds, and of what policies name', () => {
  const of = (expression: string, one: object, spec: object = {}): string =>
    warned(policy({ validations: [{ expression }], ...spec }, one)).join();
  assert.match(of('object.replicas > 1', deployments), /undefined field 'replicas'\n \| object\.replicas > 1\n \| \.{6}\^\n$/);
  assert.match(
    of('object.spec.size > "a"', rule('example.com', 'widgets')),
    /example\.com\/v1, Kind=Widget: .*'_>_' applied to '\(int, string\)'/,
  );
  assert.match(
    of('object.spec.nothing == 1', rule('', 'pods')),
    /^spec\.validations\[0\]\.expression: \/v1, Kind=Pod: .*undefined field 'nothing'/,
  );
  const params = { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } };
  assert.match(of('params.data.x == 1', deployments, params), /'_==_' applied to '\(string, int\)'/);
  const variables = [{ name: 'n', expression: 'object.spec.replicas' }];
  assert.match(of('variables.n == "a"', deployments, { variables }), /'_==_' applied to '\(int, string\)'/);
  assert.equal(
    of('variables.n > 1 && object.metadata.labels["a"] == "b" && has(object.spec.template.spec.containers)', deployments, { variables }),
    '',
  );
  assert.equal(of('object.metadata.__namespace__ == namespaceObject.metadata.name && request.operation == "CREATE"', deployments), '');
  assert.equal(of('object.spec.template.spec.containers.all(c, c.resources.limits["cpu"] == "1")', deployments), '');
});

test('what cannot be known is not checked', () => {
  const spec = { validations: [{ expression: 'object.nothing == 1' }] };
  assert.deepEqual(
    warned(policy(spec, rule('*', 'deployments'), rule('apps', '*'), rule('apps', 'deployments/scale'), rule('none', 'things'))),
    [],
  );
});

test('a status that says so already is left alone', () => {
  const right = policy({ validations: [{ expression: 'object.spec.replicas > 1' }] }, deployments);
  const status = planStatus(right, types);
  assert.deepEqual(status, { observedGeneration: 3, typeChecking: {} });
  assert.equal(planStatus({ ...right, status } as ValidatingAdmissionPolicy, types), undefined);
});

test('parameters of a kind nobody knows may be anything, and only types are looked at', () => {
  const of = (expression: string): string[] =>
    warned(policy({ validations: [{ expression }], paramKind: { apiVersion: 'example.com/v1', kind: 'Unknown' } }, deployments));
  assert.deepEqual([of('params.anything.at.all == 1'), of("int('a') == object.spec.replicas")], [[], []]);
  assert.match(
    of("authorizer.requestResource.check('get').allowed()").join(),
    /unexpected failed resolution of 'kubernetes.authorization.Authorizer'/,
  );
});
