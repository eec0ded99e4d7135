import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFieldError } from '@keelson/machinery';
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

const label =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

test('names and versions of definitions are said as upstream says them', () => {
  const names = (more: object): object => definition({ names: { plural: 'crontabs', kind: 'CronTab', ...more } });
  const deprecated = (deprecationWarning: string): object =>
    definition({ versions: [version(), version({ name: 'v2', storage: false, deprecated: true, deprecationWarning })] });
  const at = 'spec.versions[1].deprecationWarning: Invalid value:';
  const scale = { specReplicasPath: '.spec.n', statusReplicasPath: '.status.n', labelSelectorPath: '.n' };
  const cases: [object, string[]][] = [
    [names({ shortNames: [''] }), [`spec.names.shortNames[0]: Invalid value: "": ${label}`]],
    [names({ categories: [''] }), [`spec.names.categories[0]: Invalid value: "": ${label}`]],
    [deprecated('use v1'), []],
    [deprecated(''), [`${at} "": must not be an empty string`]],
    [deprecated('a'.repeat(257)), [`${at} "${'a'.repeat(257)}": must be <= 256 characters long`]],
    [deprecated('é\n'), [`${at} "é\\n": must only contain printable UTF-8 characters; non-printable character found at index 2`]],
    [
      definition({ versions: [version({ name: 'V1' })] }),
      [`spec.versions[0].name: Invalid value: "V1": ${label}`, `spec.version: Invalid value: "V1": ${label}`],
    ],
    [
      definition({ versions: [version({ subresources: { scale } })] }),
      ['spec.subresources.scale.labelSelectorPath: Invalid value: ".n": should be a json path under either .spec or .status'],
    ],
    [
      definition({ versions: [version({ schema: undefined, selectableFields: [{ jsonPath: '.a' }] })] }),
      [
        'spec.versions[0].schema.openAPIV3Schema: Required value',
        'spec.selectableFields: Invalid value: "": may only be set when validations.schema is included',
      ],
    ],
  ];
  for (const [object, expected] of cases) assert.deepEqual(problems(customResourceDefinitionKind, object), expected);
  const { status } = created(customResourceDefinitionKind, definition({ versions: [version(), version({ name: 'v2' })] }));
  assert.deepEqual(status?.storedVersions, ['v1']);
  assert.equal(created(customResourceDefinitionKind, definition({ preserveUnknownFields: false })).spec.preserveUnknownFields, undefined);
});

test('formats nobody knows are warned of, once they are new', () => {
  const of = (format: string, type = 'string') =>
    created(
      customResourceDefinitionKind,
      definition({ versions: [version({ schema: { openAPIV3Schema: { type: 'object', properties: { a: { type, format } } } } })] }),
    );
  const { warnings } = customResourceDefinitionKind;
  assert.deepEqual(warnings?.(of('bogus'), undefined), ['unrecognized format "bogus"']);
  assert.deepEqual(warnings?.(of('int32'), undefined), ['unrecognized format "int32"']);
  assert.deepEqual(warnings?.(of('date', 'object'), undefined), ['unrecognized format "date"']);
  for (const [format, type] of [
    ['int32', 'integer'],
    ['double', 'number'],
    ['date-time', 'string'],
    ['k8s-short-name', 'string'],
  ] as const)
    assert.deepEqual(warnings?.(of(format, type), undefined), []);
  assert.deepEqual(warnings?.(of('bogus'), of('bogus')), []);
});

test('definitions that cannot be', () => {
  const cases: [object, string[]][] = [
    [definition(), []],
    [definition({}, { name: 'x' }), ['metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group']],
    [definition({ scope: 'World' }), ['spec.scope: Unsupported value: "World": supported values: "Cluster", "Namespaced"']],
    [definition({ versions: [version({ schema: undefined })] }), ['spec.versions[0].schema.openAPIV3Schema: Required value']],
    [
      definition({ preserveUnknownFields: true }),
      [
        'spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
      ],
    ],
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
  assert.deepEqual(said('.o'), [`${at}.jsonPath: Invalid value: ".o": ${scalar}`]);
  assert.deepEqual(said('.metadata.name'), [`${at}.jsonPath: Invalid value: ".metadata.name": must not point to fields in metadata`]);
  assert.deepEqual(said('.s', '.s'), ['spec.selectableFields[1].jsonPath: Duplicate value: ".s"']);
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

test('where the status is looked at by itself, the whole object says nothing that it would lose', () => {
  const said = (openAPIV3Schema: object): string[] =>
    problems(
      customResourceDefinitionKind,
      definition({ versions: [version({ schema: { openAPIV3Schema }, subresources: { status: {} } })] }),
    );
  assert.deepEqual(said({ type: 'object', description: 'd', required: ['spec'] }), []);
  const [only = '', ...more] = said({ type: 'object', minProperties: 1, nullable: true });
  assert.match(
    only,
    /^spec\.validation\.openAPIV3Schema: Invalid value: \{"ID":"","Schema":"","Ref":null,.*"MinProperties":1,.*\}: only \[Description Type /,
  );
  assert.deepEqual(more, ['spec.validation.openAPIV3Schema.nullable: Forbidden: nullable cannot be true at the root']);
  assert.match(
    said({ type: 'array', items: { type: 'string' } })[0] ?? '',
    /^spec\.validation\.openAPIV3Schema\.type: Invalid value: "array": only "object" is allowed as the type at the root/,
  );
});

test('the name is asked for its parts once', () => {
  const moved = updateProblems(customResourceDefinitionKind, definition(), (next) => {
    next.spec.group = 'other.com';
  });
  assert.deepEqual(moved, ['spec.group: Invalid value: "other.com": field is immutable']);
});

test('versions differ where one has a status to look at and another has none', () => {
  const second = version({
    name: 'v2',
    storage: false,
    schema: { openAPIV3Schema: { type: 'object', minProperties: 1 } },
    subresources: {},
  });
  assert.deepEqual(
    problems(customResourceDefinitionKind, definition({ versions: [version({ subresources: { status: {} } }), second] })),
    [],
  );
});

test('versions are shown as upstream has them, without what they have in common', () => {
  const [twice = ''] = problems(customResourceDefinitionKind, definition({ versions: [version(), version({ name: 'v2' })] }));
  const shown = (name: string): string =>
    `{"Name":"${name}","Served":true,"Storage":true,"Deprecated":false,"DeprecationWarning":null,"Schema":null,"Subresources":null,"AdditionalPrinterColumns":null,"SelectableFields":null}`;
  assert.equal(
    twice,
    `spec.versions: Invalid value: [${shown('v1')},${shown('v2')}]: must have exactly one version marked as storage version`,
  );
});

test('nothing is selected by where versions differ in their schema', () => {
  const selectableFields = [{ jsonPath: '.a' }];
  const other = { openAPIV3Schema: { type: 'object', properties: { a: { type: 'string' } } } };
  const second = version({ name: 'v2', storage: false, schema: other, selectableFields });
  assert.deepEqual(problems(customResourceDefinitionKind, definition({ versions: [version({ selectableFields }), second] })), [
    'spec.selectableFields: Invalid value: "": may only be set when validations.schema is included',
  ]);
});

test('what keeps unknown fields fills in none and converts nothing', () => {
  const filled = version({ schema: { openAPIV3Schema: { type: 'object', properties: { a: { type: 'string', default: 'x' } } } } });
  const webhook = { conversionReviewVersions: ['v1'], clientConfig: { url: 'https://example.com' } };
  const said = problems(
    customResourceDefinitionKind,
    definition({ preserveUnknownFields: true, versions: [filled], conversion: { strategy: 'Webhook', webhook } }),
  );
  assert.deepEqual(said.slice(0, 2), [
    'spec.preserveUnknownFields: Invalid value: true: must be false in order to use defaults in the schema',
    'spec.conversion.strategy: Invalid value: "Webhook": must be None if spec.preserveUnknownFields is true',
  ]);
});

test('an established definition trusts somebody, or is as little to be trusted as it was', () => {
  const converted = (caBundle?: string): object => ({
    strategy: 'Webhook',
    webhook: { conversionReviewVersions: ['v1'], clientConfig: { url: 'https://example.com', caBundle } },
  });
  const established = [{ type: 'Established', status: 'True' }];
  const change = (before: string | undefined, after: string, conditions: object[]): string[] =>
    updateProblems(customResourceDefinitionKind, definition({ conversion: converted(before) }), (next) => {
      next.spec.conversion = converted(after) as never;
      next.status = { ...next.status, conditions: conditions as never };
    });
  const old = (conditions: object[]) => change(undefined, 'aGk=', conditions);
  assert.deepEqual(old([]), []);
  assert.deepEqual(change('aGk=', 'aG8=', established), []);
  const next = created(customResourceDefinitionKind, definition({ conversion: converted('aGk=') }));
  const before = created(customResourceDefinitionKind, definition({ conversion: converted() }));
  before.status = { ...before.status, conditions: established as never };
  assert.deepEqual(customResourceDefinitionKind.validateUpdate?.(next, before).map(formatFieldError), [
    'spec.conversion.webhookClientConfig.caBundle: Invalid value: "aGk=": unable to load root certificates: unable to parse bytes as PEM block',
  ]);
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
