import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cells, created, problems, specOf } from '../../testing/exercise.ts';
import { mutatingAdmissionPolicyKind, validatingAdmissionPolicyKind } from './policies.ts';
import { validatingAdmissionPolicyBindingKind } from './policy-bindings.ts';
import { mutatingWebhookConfigurationKind, validatingWebhookConfigurationKind } from './webhook-configurations.ts';

const rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] };
const webhook = (over: object = {}) => ({
  name: 'hook.team.example.com',
  clientConfig: { service: { name: 'hook', namespace: 'default' } },
  rules: [rule],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  ...over,
});

test('a webhook is filled in', () => {
  const { webhooks } = created(mutatingWebhookConfigurationKind, { webhooks: [webhook()] });
  assert.deepEqual(webhooks?.[0], {
    ...webhook({ clientConfig: { service: { name: 'hook', namespace: 'default', port: 443 } }, rules: [{ ...rule, scope: '*' }] }),
    failurePolicy: 'Fail',
    matchPolicy: 'Equivalent',
    namespaceSelector: {},
    objectSelector: {},
    timeoutSeconds: 10,
    reinvocationPolicy: 'Never',
  });
});

test('webhooks that cannot be', () => {
  const at = 'webhooks[0]';
  const cases: [object, string[]][] = [
    [webhook(), []],
    [webhook({ clientConfig: { url: 'https://hook.example.com/check' } }), []],
    [webhook({ name: 'hook' }), [`${at}.name: Invalid value: "hook": should be a domain with at least three segments separated by dots`]],
    [webhook({ sideEffects: 'Some' }), [`${at}.sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"`]],
    [webhook({ sideEffects: undefined }), [`${at}.sideEffects: Required value: must specify one of None, NoneOnDryRun`]],
    [webhook({ timeoutSeconds: 31 }), [`${at}.timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds`]],
    [webhook({ failurePolicy: 'Ask' }), [`${at}.failurePolicy: Unsupported value: "Ask": supported values: "Fail", "Ignore"`]],
    [webhook({ clientConfig: {} }), [`${at}.clientConfig: Required value: exactly one of url or service is required`]],
    [
      webhook({ clientConfig: { url: 'http://hook' } }),
      [`${at}.clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`],
    ],
    [
      webhook({ clientConfig: { service: { name: '', namespace: 'a', path: 'x' } } }),
      [
        `${at}.clientConfig.service.name: Required value: service name is required`,
        `${at}.clientConfig.service.path: Invalid value: "x": must start with a '/'`,
        `${at}.clientConfig.service.path: Invalid value: "x": segment[0] may not be empty`,
      ],
    ],
    [webhook({ clientConfig: { service: { name: 'a', namespace: 'a', path: '' } } }), []],
    [webhook({ clientConfig: { service: { name: 'a', namespace: 'a', path: '/' } } }), []],
    [
      webhook({ clientConfig: { service: { name: 'a', namespace: 'a', path: '//' } } }),
      [`${at}.clientConfig.service.path: Invalid value: "//": segment[0] may not be empty`],
    ],
    [webhook({ admissionReviewVersions: [] }), [`${at}.admissionReviewVersions: Required value: must specify one of v1, v1beta1`]],
    [
      webhook({ admissionReviewVersions: ['v2'] }),
      [`${at}.admissionReviewVersions: Invalid value: ["v2"]: must include at least one of v1, v1beta1`],
    ],
    [
      webhook({ rules: [{ ...rule, operations: ['*', 'CREATE'] }] }),
      [`${at}.rules[0].operations: Invalid value: ["*","CREATE"]: if '*' is present, must not specify other operations`],
    ],
    [
      webhook({ rules: [{ ...rule, operations: ['LOOK'], resources: ['pods/*', 'pods/log'] }] }),
      [
        `${at}.rules[0].operations[0]: Unsupported value: "LOOK": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"`,
        `${at}.rules[0].resources[1]: Invalid value: "pods/log": if 'pods/*' is present, must not specify pods/log`,
      ],
    ],
    [webhook({ matchConditions: [{ name: 'a', expression: ' ' }] }), [`${at}.matchConditions[0].expression: Required value`]],
  ];
  for (const [one, expected] of cases) assert.deepEqual(problems(validatingWebhookConfigurationKind, { webhooks: [one] }), expected);
  assert.deepEqual(problems(validatingWebhookConfigurationKind, { webhooks: [webhook(), webhook()] }), [
    'webhooks[1].name: Duplicate value: "hook.team.example.com"',
  ]);
});

const matchConstraints = { resourceRules: [rule] };
const policy = (spec: object = {}) => ({ spec: { matchConstraints, validations: [{ expression: 'true' }], ...spec } });

test('policies', () => {
  assert.deepEqual(specOf(validatingAdmissionPolicyKind, policy().spec), {
    failurePolicy: 'Fail',
    validations: [{ expression: 'true' }],
    matchConstraints: {
      matchPolicy: 'Equivalent',
      namespaceSelector: {},
      objectSelector: {},
      resourceRules: [{ ...rule, scope: '*' }],
    },
  });
  const none = 'validations or auditAnnotations must contain at least one item';
  const cases: [object, string[]][] = [
    [policy(), []],
    [policy({ matchConstraints: undefined }), ['spec.matchConstraints: Required value']],
    [policy({ matchConstraints: {} }), ['spec.matchConstraints.resourceRules: Required value']],
    [policy({ validations: [] }), [`spec.validations: Required value: ${none}`, `spec.auditAnnotations: Required value: ${none}`]],
    [policy({ validations: [{ expression: '' }] }), ['spec.validations[0].expression: Required value: expression is not specified']],
    [
      policy({ validations: [{ expression: 'true', message: 'b\nc', reason: 'Why' }] }),
      [
        'spec.validations[0].message: Invalid value: "b\\nc": message must not contain line breaks',
        'spec.validations[0].reason: Unsupported value: "Why": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"',
      ],
    ],
    [policy({ paramKind: { apiVersion: 'v1' } }), ['spec.paramKind.kind: Required value']],
    [
      policy({ variables: [{ name: 'for', expression: '1' }] }),
      ['spec.variables[0].name: Invalid value: "for": name is not a valid CEL identifier'],
    ],
    [
      policy({ auditAnnotations: [{ key: 'a', valueExpression: '' }] }),
      ['spec.auditAnnotations[0].valueExpression: Required value: valueExpression is not specified'],
    ],
  ];
  for (const [object, expected] of cases) assert.deepEqual(problems(validatingAdmissionPolicyKind, object), expected);
  const mutation = { patchType: 'JSONPatch', jsonPatch: { expression: '[]' } };
  const mutating = (spec: object) =>
    problems(mutatingAdmissionPolicyKind, { spec: { matchConstraints, reinvocationPolicy: 'Never', ...spec } });
  assert.deepEqual(mutating({ mutations: [mutation] }), []);
  assert.deepEqual(mutating({}), ['spec.mutations: Required value: mutations must contain at least one item']);
  assert.deepEqual(mutating({ mutations: [{ patchType: 'Text' }] }), [
    'spec.mutations[0].patchType: Unsupported value: "Text": supported values: "ApplyConfiguration", "JSONPatch"',
  ]);
});

test('bindings', () => {
  const binding = (spec: object) =>
    problems(validatingAdmissionPolicyBindingKind, { spec: { policyName: 'p', validationActions: ['Deny'], ...spec } });
  assert.deepEqual(binding({ paramRef: { name: 'a', parameterNotFoundAction: 'Deny' } }), []);
  assert.deepEqual(binding({ policyName: '', validationActions: [] }), [
    'spec.policyName: Required value',
    'spec.validationActions: Required value: at least one validation action is required',
  ]);
  assert.deepEqual(binding({ validationActions: ['Deny', 'Warn'] }), [
    'spec.validationActions: Invalid value: ["Deny","Warn"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
  ]);
  assert.deepEqual(binding({ paramRef: {} }), [
    'spec.paramRef: Required value: one of name or selector must be specified',
    'spec.paramRef.parameterNotFoundAction: Required value',
  ]);
  const shown = cells(validatingAdmissionPolicyBindingKind, {
    metadata: {},
    spec: { policyName: 'p', paramRef: { name: 'a', namespace: 'b' } },
  });
  assert.deepEqual([shown.PolicyName, shown.ParamRef], ['p', 'b/a']);
});
