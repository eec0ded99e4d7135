import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cells, created, problems, statusProblems, testTime, updateProblems } from '../../testing/exercise.ts';
import { deviceClassKind } from './device-class.ts';
import { resourceClaimKind, resourceClaimTemplateKind } from './resource-claim.ts';
import { resourceSliceKind } from './resource-slice.ts';

const request = (exactly: object = {}) => ({ name: 'gpu', exactly: { deviceClassName: 'gpu.example.com', ...exactly } });
const claim = (...requests: object[]) => ({ spec: { devices: { requests } } });
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
      ['spec.devices.constraints[0].matchAttribute: Invalid value: "model": must include a domain'],
    ],
  ];
  for (const [object, expected] of cases) assert.deepEqual(problems(resourceClaimKind, object), expected);
});

test('claims are allocated once and reserved by those who hold them', () => {
  const user = { resource: 'pods', name: 'a', uid: '1' };
  const allocation = { devices: { results: [{ request: 'gpu', driver: 'd', pool: 'p', device: 'x' }] } };
  const status = (next: object, old?: object) => statusProblems(resourceClaimKind, claim(request()), next, old);
  assert.deepEqual(status({ allocation, reservedFor: [user] }), []);
  assert.deepEqual(status({ reservedFor: [user] }), ['status.reservedFor: Forbidden: may not be specified when `allocated` is not set']);
  assert.deepEqual(status({ allocation, reservedFor: [user, { ...user, name: '' }] }), [
    'status.reservedFor[1].name: Required value',
    'status.reservedFor[1]: Duplicate value: "1"',
  ]);
  assert.match(status({ allocation: {} }, { allocation })[0] ?? '', /^status\.allocation: Invalid value: .*: field is immutable$/);
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
  const update = updateProblems(resourceSliceKind, slice(), ({ spec }) => {
    spec.driver = 'other.example.com';
    spec.devices = [];
  });
  assert.deepEqual(update, ['spec.driver: Invalid value: "other.example.com": field is immutable']);
});
