import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cells, created, problems, statusProblems, testTime, updateProblems } from '../../testing/exercise.ts';
import { deviceClassKind } from './device-class.ts';
import { resourceClaimKind, resourceClaimTemplateKind } from './resource-claim.ts';
import { resourceSliceKind } from './resource-slice.ts';

const request = (exactly: object = {}) => ({ name: 'gpu', exactly: { deviceClassName: 'gpu.example.com', ...exactly } });
const claim = (...requests: object[]) => ({ spec: { devices: { requests } } });
const label =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const opaque = { driver: 'gpu.example.com', parameters: { mode: 'shared' } };

test('a claim asks for one device unless told', () => {
  const { spec } = created(resourceClaimKind, claim(request()));
  assert.deepEqual(spec.devices?.requests?.[0]?.exactly, { deviceClassName: 'gpu.example.com', allocationMode: 'ExactCount', count: 1 });
  const template = created(resourceClaimTemplateKind, {
    spec: claim({ name: 'any', firstAvailable: [{ name: 'a', deviceClassName: 'b' }] }),
  });
  assert.equal(template.spec.spec.devices?.requests?.[0]?.firstAvailable?.[0]?.count, 1);
});

test('claims that cannot be', () => {
  const at = 'spec.devices.requests[0]';
  const cases: [object, string[]][] = [
    [claim(request()), []],
    [claim(request({ deviceClassName: '' })), [`${at}.exactly.deviceClassName: Required value`]],
    [claim({ name: 'gpu' }), [`${at}: Required value: exactly one of \`exactly\` or \`firstAvailable\` is required`]],
    [
      claim(request({ allocationMode: 'All', count: 2 })),
      [`${at}.exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'`],
    ],
    [
      claim(request({ allocationMode: 'Some' })),
      [`${at}.exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"`],
    ],
    [claim(request(), request()), ['spec.devices.requests[1]: Duplicate value: "gpu"']],
    [claim(request({ selectors: [{}] })), [`${at}.exactly.selectors[0].cel: Required value`]],
    [
      { spec: { devices: { requests: [request()], config: [{ requests: ['none'], opaque }] } } },
      [
        'spec.devices.config[0].requests[0]: Invalid value: "none": must be the name of a request in the claim or the name of a request and a subrequest separated by \'/\'',
      ],
    ],
    [
      { spec: { devices: { requests: [request()], constraints: [{ requests: ['gpu'], matchAttribute: 'model' }] } } },
      [
        'spec.devices.constraints[0].matchAttribute: Invalid value: "model": a fully qualified name must be a domain and a name separated by a slash',
      ],
    ],
  ];
  for (const [object, expected] of cases) assert.deepEqual(problems(resourceClaimKind, object), expected);
});

test('claims are allocated once and reserved by those who hold them', () => {
  const user = { resource: 'pods', name: 'a', uid: '1' };
  const device = { driver: 'd', pool: 'p', device: 'x' };
  const allocation = { devices: { results: [{ request: 'gpu', ...device }] } };
  const status = (next: object, old?: object) => statusProblems(resourceClaimKind, claim(request()), next, old);
  assert.deepEqual(status({ allocation, reservedFor: [user] }), []);
  assert.deepEqual(status({ reservedFor: [user] }), ['status.reservedFor: Forbidden: may not be specified when `allocated` is not set']);
  assert.deepEqual(status({ allocation, reservedFor: [user, { ...user, name: '' }] }), [
    'status.reservedFor[1].name: Required value',
    'status.reservedFor[1]: Duplicate value: "1"',
  ]);
  assert.match(status({ allocation: {} }, { allocation })[0] ?? '', /^status\.allocation: Invalid value: .*: field is immutable$/);
  assert.deepEqual(
    status({ allocation: { devices: { results: [{ request: 'no', driver: '', pool: 'p', device: 'X' }], config: [{}] } } }),
    [
      'status.allocation.devices.results[0].request: Invalid value: "no": must be the name of a request in the claim or the name of a request and a subrequest separated by \'/\'',
      'status.allocation.devices.results[0].driver: Required value',
      `status.allocation.devices.results[0].device: Invalid value: "X": ${label}`,
      'status.allocation.devices.config[0].source: Required value',
      'status.allocation.devices.config[0].opaque: Required value',
    ],
  );
  const told = { ...device, networkData: { ips: ['10.1.2.3/24', '10.1.2.3', '10.1.2.03/24'] } };
  assert.deepEqual(status({ allocation, devices: [told, { ...device, device: 'y', conditions: [{ type: 'Ready', status: '' }] }] }), [
    'status.devices[0].networkData.ips[1]: Invalid value: "10.1.2.3": must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)',
    'status.devices[0].networkData.ips[2]: Invalid value: "10.1.2.03/24": must be in canonical form ("10.1.2.3/24")',
    'status.devices[1]: Invalid value: "d/p/y": must be an allocated device in the claim',
    'status.devices[1].conditions[0].status: Unsupported value: "": supported values: "False", "True", "Unknown"',
    'status.devices[1].conditions[0].lastTransitionTime: Required value',
    'status.devices[1].conditions[0].reason: Required value',
  ]);
  const update = updateProblems(resourceClaimKind, claim(request()), (next) => {
    next.spec.devices = {};
  });
  assert.deepEqual(update, ['spec: Invalid value: {"devices":{}}: field is immutable']);
  const state = (next: object, metadata: object = {}) => cells(resourceClaimKind, { metadata, ...claim(), status: next }).State;
  assert.equal(state({}), 'pending');
  assert.equal(state({ allocation, reservedFor: [user] }, { deletionTimestamp: testTime }), 'deleted,allocated,reserved');
});

test('device classes', () => {
  const expression = 'device.driver == "gpu.example.com"';
  assert.deepEqual(problems(deviceClassKind, { spec: { selectors: [{ cel: { expression } }], config: [{ opaque }] } }), []);
  assert.deepEqual(problems(deviceClassKind, { spec: { config: [{ opaque: { driver: 'd' } }], extendedResourceName: 'cpu' } }), [
    'spec.config[0].opaque.parameters: Required value',
    'spec.extendedResourceName: Invalid value: "cpu": must be a valid extended resource name',
  ]);
});

test('selectors of devices compile, and answer yes or no', () => {
  const said = (expression: string): string[] => problems(deviceClassKind, { spec: { selectors: [{ cel: { expression } }] } });
  const at = 'spec.selectors[0].cel.expression: Invalid value: ';
  assert.deepEqual(
    said('device.attributes["gpu.example.com"].model == "a" && device.capacity["gpu.example.com"].memory.isGreaterThan(quantity("1"))'),
    [],
  );
  assert.deepEqual(said('device.driver'), [`${at}"device.driver": must evaluate to bool or the unknown type, not string`]);
  const [undefinedField = ''] = said('device.nothing');
  assert.ok(
    undefinedField.startsWith(`${at}"device.nothing": compilation failed: ERROR: <input>:1:7: undefined field 'nothing'`),
    undefinedField,
  );
});

test('resource slices', () => {
  const pool = { name: 'n1', generation: 1, resourceSliceCount: 1 };
  const slice = (over: object = {}) => ({
    spec: { driver: 'gpu.example.com', pool, nodeName: 'n1', devices: [{ name: 'gpu-0' }], ...over },
  });
  const exactly = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';
  const cases: [object, string[]][] = [
    [slice(), []],
    [slice({ driver: '' }), ['spec.driver: Required value']],
    [slice({ nodeName: undefined }), [`spec: Required value: ${exactly}`]],
    [slice({ allNodes: true }), [`spec: Invalid value: "{\`nodeName\`, \`allNodes\`}": ${exactly}, but multiple fields are set`]],
    [slice({ pool: { ...pool, resourceSliceCount: 0 } }), ['spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero']],
    [slice({ devices: [{ name: 'a' }, { name: 'a' }] }), ['spec.devices[1]: Duplicate value: "a"']],
    [
      slice({ devices: [{ name: 'a', attributes: { model: {} } }] }),
      ['spec.devices[0].attributes[model]: Invalid value: "": exactly one value must be specified'],
    ],
  ];
  for (const [object, expected] of cases) assert.deepEqual(problems(resourceSliceKind, object), expected);
  const device = (over: object): string[] => problems(resourceSliceKind, slice({ devices: [{ name: 'a', ...over }] }));
  const at = 'spec.devices[0]';
  assert.deepEqual(device({ attributes: { 'a b': { version: '1.0' }, x: { string: 'x'.repeat(65) } } }), [
    `${at}.attributes[a b]: Invalid value: "a b": a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')`,
    `${at}.attributes[a b].version: Invalid value: "1.0": must be a string compatible with semver.org spec 2.0.0`,
    `${at}.attributes[x].string: Too long: may not be more than 64 bytes`,
  ]);
  assert.deepEqual(device({ taints: [{ key: 'a', effect: 'Never' }], bindingConditions: ['x', 'x'], consumesCounters: [{}] }), [
    `${at}.taints[0].effect: Unsupported value: "Never": supported values: "NoExecute", "NoSchedule", "None"`,
    `${at}.consumesCounters[0].counterSet: Required value`,
    `${at}.consumesCounters[0].counters: Required value`,
    `${at}.bindingConditions[1]: Duplicate value: "x"`,
    `${at}.bindingFailureConditions: Invalid value: null: bindingFailureConditions are required to use bindingConditions`,
  ]);
  const policy = (requestPolicy: object, over: object = { allowMultipleAllocations: true }): string[] =>
    device({ capacity: { memory: { value: '8Gi', requestPolicy } }, ...over });
  const policyAt = `${at}.capacity[memory].requestPolicy`;
  assert.deepEqual(policy({}, {}), [`${policyAt}: Forbidden: allowMultipleAllocations must be true`]);
  assert.deepEqual(policy({ default: '2Gi', validValues: ['1Gi', '2Gi'] }), []);
  assert.deepEqual(policy({ default: '3Gi', validValues: ['9Gi', '1Gi'] }), [
    `${policyAt}.validValues[1]: Invalid value: "1Gi": values must be sorted in ascending order`,
    `${policyAt}.validValues[0]: Invalid value: "9Gi": option is larger than capacity value: 8Gi`,
    `${policyAt}.validValues: Invalid value: "3Gi": default value is not valid according to the requestPolicy`,
  ]);
  assert.deepEqual(policy({ default: '3', validRange: { min: '2', max: '1', step: '2' } }), [
    `${policyAt}.validRange.max: Invalid value: "2": min is larger than max: 1`,
    `${policyAt}.validRange.max: Invalid value: "3": default is more than max: 1`,
    `${policyAt}.validRange.step: Invalid value: "3": value is not a multiple of a given step (2) from (2)`,
    `${policyAt}.validRange.step: Invalid value: "1": value is not a multiple of a given step (2) from (2)`,
  ]);
  const update = updateProblems(resourceSliceKind, slice(), ({ spec }) => {
    spec.driver = 'other.example.com';
    spec.devices = [];
  });
  assert.deepEqual(update, ['spec.driver: Invalid value: "other.example.com": field is immutable']);
});
