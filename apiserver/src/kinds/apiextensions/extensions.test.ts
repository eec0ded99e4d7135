import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cells, created, problems, testTime, updateProblems } from '../../testing/exercise.ts';
import { apiServiceKind } from '../apiregistration/api-service.ts';
import { customResourceDefinitionKind } from './custom-resource-definition.ts';

const schema = { openAPIV3Schema: { type: 'object' } };
const version = (over: object = {}) => ({ name: 'v1', served: true, storage: true, schema, ...over });
const definition = (spec: object = {}, metadata: object = {}) => ({
  metadata: { name: 'crontabs.example.com', ...metadata },
  spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'crontabs', kind: 'CronTab' }, versions: [version()], ...spec },
});

test('a definition is filled in', () => {
  const { spec, status } = created(customResourceDefinitionKind, definition());
  assert.deepEqual(spec.names, { plural: 'crontabs', kind: 'CronTab', singular: 'crontab', listKind: 'CronTabList' });
  assert.deepEqual(spec.conversion, { strategy: 'None' });
  assert.deepEqual(status, { conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions: ['v1'] });
});

test('definitions that cannot be', () => {
  const cases: [object, string[]][] = [
    [definition(), []],
    [definition({}, { name: 'x' }), ['metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group']],
    [definition({ scope: 'World' }), ['spec.scope: Unsupported value: "World": supported values: "Cluster", "Namespaced"']],
    [
      definition({ versions: [version({ schema: undefined })] }),
      ['spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required'],
    ],
    [definition({ preserveUnknownFields: true }), ['spec.preserveUnknownFields: Invalid value: true: must be false']],
    [
      definition({ conversion: { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'] } } }),
      ['spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook'],
    ],
    [
      definition({ versions: [version({ subresources: { scale: { specReplicasPath: '.replicas', statusReplicasPath: '.status.n' } } })] }),
      ['spec.subresources.scale.specReplicasPath: Invalid value: ".replicas": should be a json path under .spec'],
    ],
    [
      definition({ versions: [version({ additionalPrinterColumns: [{ name: 'A', type: 'string', jsonPath: 'a' }] })] }),
      ['spec.additionalPrinterColumns[0].JSONPath: Invalid value: "a": must be a simple json path starting with .'],
    ],
    [
      definition({ versions: [version({ additionalPrinterColumns: [{ name: 'A', type: 'text', jsonPath: '.a' }] })] }),
      ['spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string'],
    ],
  ];
  for (const [object, expected] of cases) assert.deepEqual(problems(customResourceDefinitionKind, object), expected);
  const twice = problems(customResourceDefinitionKind, definition({ versions: [version(), version()] }));
  assert.deepEqual(
    twice.map((text) => text.replace(/Invalid value: .*: must/, 'must')),
    ['spec.versions: must contain unique version names', 'spec.versions: must have exactly one version marked as storage version'],
  );
  const own = definition({ group: 'apps.k8s.io' }, { name: 'crontabs.apps.k8s.io' });
  assert.match(
    problems(customResourceDefinitionKind, own)[0] ?? '',
    /^metadata\.annotations\[api-approved\.kubernetes\.io\]: Required value/,
  );
});

test('what versions have in common is said once, of the definition', () => {
  const array = { openAPIV3Schema: { type: 'array', items: { type: 'string' } } };
  const message = 'openAPIV3Schema.type: Invalid value: "array": must be object at the root';
  const other = { name: 'v2', storage: false };
  const said = (...versions: object[]): string[] => problems(customResourceDefinitionKind, definition({ versions }));
  assert.deepEqual(said(version({ schema: array })), [`spec.validation.${message}`]);
  assert.deepEqual(said(version({ schema: array }), version({ ...other, schema: array })), [`spec.validation.${message}`]);
  assert.deepEqual(said(version(), version({ ...other, schema: array })), [`spec.versions[1].schema.${message}`]);
});

test('fields that cannot be selected by', () => {
  const properties = { s: { type: 'string' }, o: { type: 'object' }, list: { type: 'array', items: { type: 'string' } } };
  const openAPIV3Schema = {
    type: 'object',
    properties: { ...properties, metadata: { type: 'object', properties: { name: { type: 'string' } } } },
  };
  const said = (...paths: string[]): string[] => {
    const selectableFields = paths.map((jsonPath) => ({ jsonPath }));
    return problems(customResourceDefinitionKind, definition({ versions: [version({ schema: { openAPIV3Schema }, selectableFields })] }));
  };
  const at = 'spec.selectableFields[0]';
  const scalar = 'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.';
  assert.deepEqual(said('.s'), []);
  assert.deepEqual(said(''), [`${at}.jsonPath: Required value`]);
  assert.deepEqual(said('.x'), [`${at}.jsonPath: Invalid value: ".x": is an invalid path: does not refer to a valid field`]);
  assert.deepEqual(said('s'), [`${at}.jsonPath: Invalid value: "s": is an invalid path: expected [ or . but got: s`]);
  assert.deepEqual(said('.list[0]'), [`${at}.jsonPath: Invalid value: ".list[0]": is an invalid path: array notation is not allowed`]);
  assert.deepEqual(said('.o'), [`${at}: Invalid value: ".o": ${scalar}`]);
  assert.deepEqual(said('.metadata.name'), [`${at}: Invalid value: ".metadata.name": must not point to fields in metadata`]);
  assert.deepEqual(said('.s', '.s'), ['spec.selectableFields[1]: Duplicate value: ".s"']);
});

test('what of a definition can change', () => {
  const update = (change: object, conditions: object[] = []) =>
    updateProblems(customResourceDefinitionKind, definition(), (next) => {
      next.status = { ...next.status, conditions: conditions as never };
      Object.assign(next.spec, change);
    });
  const second = version({ name: 'v2' });
  assert.deepEqual(update({ versions: [version({ storage: false }), second] }), []);
  assert.match(
    update({ versions: [second] })[0] ?? '',
    /^status\.storedVersions\[0\]: Invalid value: "v1": missing from spec\.versions; v1 was/,
  );
});

const service = (spec: object = {}, metadata: object = {}) => ({
  metadata: { name: 'v1.example.com', ...metadata },
  spec: { group: 'example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 10, ...spec },
});

test('API services', () => {
  const local = { type: 'Available', status: 'True', reason: 'Local', message: 'Local APIServices are always available' };
  assert.deepEqual(created(apiServiceKind, service()).status, { conditions: [{ ...local, lastTransitionTime: testTime }] });
  assert.equal(created(apiServiceKind, service({ service: { name: 'a', namespace: 'b' } })).spec?.service?.port, 443);
  const cases: [object, string[]][] = [
    [service(), []],
    [service({}, { name: 'x' }), ['metadata.name: Invalid value: "x": must be `spec.version+"."+spec.group`: "v1.example.com"']],
    [service({ groupPriorityMinimum: 0 }), ['spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000']],
    [
      service({ insecureSkipTLSVerify: true }),
      ['spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify'],
    ],
    [service({ service: { name: 'a' } }), ['spec.service.namespace: Required value']],
  ];
  for (const [object, expected] of cases) assert.deepEqual(problems(apiServiceKind, object), expected);
  const conditions = [{ type: 'Available', status: 'False', reason: 'MissingEndpoints' }];
  const shown = cells(apiServiceKind, { ...service({ service: { name: 'a', namespace: 'b' } }), status: { conditions } });
  assert.deepEqual([shown.Service, shown.Available], ['b/a', 'False (MissingEndpoints)']);
});
