import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSchemas } from '@keelson/types/schemas';
import { checkConfiguration, problemsText } from './check.ts';
import { compareFields } from './compare.ts';
import type { FieldSet } from './fields.ts';
import { everythingIn, fieldsOf } from './own.ts';
import { type MergeType, MergeTypes } from './type.ts';

const types = new MergeTypes(await loadSchemas());

function named(typeName: string): MergeType {
  const type = types.named(typeName);
  assert.ok(type);
  return type;
}

const deployment = named('apps.v1.Deployment');
const pod = named('core.v1.Pod');

test('a new object: what Go always has is no field of its own, what it may leave out is', () => {
  const object = {
    metadata: { labels: { app: 'web' }, ownerReferences: [{ uid: 'u', name: 'x' }], finalizers: ['a/b'] },
    spec: {
      nodeSelector: { a: 'b' },
      containers: [{ name: 'c', image: 'i', args: ['x'], ports: [{ containerPort: 80 }], resources: {} }],
    },
    status: { phase: 'Pending' },
  };
  assert.deepEqual(compareFields({}, object, pod), {
    written: {
      'f:metadata': {
        'f:labels': { '.': {}, 'f:app': {} },
        'f:ownerReferences': { '.': {}, 'k:{"uid":"u"}': {} },
        'f:finalizers': { '.': {}, 'v:"a/b"': {} },
      },
      'f:spec': {
        'f:nodeSelector': {},
        'f:containers': {
          'k:{"name":"c"}': {
            '.': {},
            'f:name': {},
            'f:image': {},
            'f:args': {},
            'f:ports': { '.': {}, 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
            'f:resources': {},
          },
        },
      },
      'f:status': { 'f:phase': {} },
    },
    removed: {},
  });
});

test('what Go holds by value does not come and go, though it may be written as a whole', () => {
  const claim = (requests: object): object => ({ spec: { resources: { requests } } });
  const fresh = compareFields({}, claim({ storage: '1Gi' }), named('core.v1.PersistentVolumeClaim'));
  assert.deepEqual(fresh.written, { 'f:spec': { 'f:resources': { 'f:requests': { '.': {}, 'f:storage': {} } } } });
  const policy = named('networking.v1.NetworkPolicy');
  const selecting = (podSelector: object): object => ({ spec: { podSelector } });
  assert.deepEqual(compareFields({}, selecting({}), policy).written, {});
  assert.deepEqual(compareFields(selecting({ matchLabels: {} }), selecting({}), policy).written, { 'f:spec': { 'f:podSelector': {} } });
});

test('a change costs its own path; what is gone is told, with all that was in it', () => {
  const before = {
    metadata: { labels: { a: '1', b: '2' } },
    spec: { replicas: 1, template: { spec: { containers: [{ name: 'c', image: 'i', env: [{ name: 'A', value: '1' }] }] } } },
    status: { replicas: 1, readyReplicas: 1 },
  };
  const { spec } = before;
  assert.deepEqual(compareFields(before, { ...before, status: { replicas: 2 } }, deployment), {
    written: { 'f:status': { 'f:replicas': {} } },
    removed: { 'f:status': { 'f:readyReplicas': {} } },
  });
  const after = { ...before, metadata: { labels: { a: '1' } }, spec: { ...spec, template: { spec: { containers: [{ name: 'd' }] } } } };
  assert.deepEqual(compareFields(before, after, deployment), {
    written: { 'f:spec': { 'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"d"}': { '.': {}, 'f:name': {} } } } } } },
    removed: {
      'f:metadata': { 'f:labels': { 'f:b': {} } },
      'f:spec': {
        'f:template': {
          'f:spec': {
            'f:containers': {
              'k:{"name":"c"}': {
                '.': {},
                'f:name': {},
                'f:image': {},
                'f:env': { '.': {}, 'k:{"name":"A"}': { '.': {}, 'f:name': {}, 'f:value': {} } },
              },
            },
          },
        },
      },
    },
  });
});

test('atomic lists and maps change as a whole; sets by their values; items that stand twice as one', () => {
  const compare = (a: object, b: object, type = pod) => compareFields({ spec: a }, { spec: b }, type).written;
  assert.deepEqual(compare({ nodeSelector: { a: 'b' } }, { nodeSelector: { a: 'c' } }), { 'f:spec': { 'f:nodeSelector': {} } });
  const tolerations = [{ key: 'a' }, { key: 'b' }];
  assert.deepEqual(compare({ tolerations }, { tolerations: [{ key: 'a' }] }), { 'f:spec': { 'f:tolerations': {} } });
  const meta = (finalizers: string[]) => ({ metadata: { finalizers } });
  assert.deepEqual(compareFields(meta(['a', 'b']), meta(['b', 'c']), pod), {
    written: { 'f:metadata': { 'f:finalizers': { 'v:"c"': {} } } },
    removed: { 'f:metadata': { 'f:finalizers': { 'v:"a"': {} } } },
  });
  const twice = [
    { name: 'A', value: '1' },
    { name: 'A', value: '2' },
  ];
  const containers = (env: object[]) => ({ containers: [{ name: 'c', env }] });
  const once = [{ name: 'A', value: '1' }];
  const whole = { '.': {}, 'f:name': {}, 'f:value': {} };
  const env = (fields: FieldSet): FieldSet => ({ 'f:spec': { 'f:containers': { 'k:{"name":"c"}': { 'f:env': fields } } } });
  const changes = (a: object[], b: object[]) => compareFields({ spec: containers(a) }, { spec: containers(b) }, pod);
  assert.deepEqual(changes(twice, twice), { written: {}, removed: {} });
  assert.deepEqual(changes(twice, [...twice, ...once]), { written: env({ 'k:{"name":"A"}': {} }), removed: {} });
  assert.deepEqual(changes(twice, once), { written: env({ 'k:{"name":"A"}': whole }), removed: env({ 'k:{"name":"A"}': {} }) });
  assert.deepEqual(changes(once, twice), { written: env({ 'k:{"name":"A"}': {} }), removed: env({ 'k:{"name":"A"}': whole }) });
  const other = [{ name: 'B' }];
  assert.deepEqual(changes(other, [...other, ...twice]), { written: env({ 'k:{"name":"A"}': {} }), removed: {} });
  assert.deepEqual(changes([...other, ...twice], other), { written: {}, removed: env({ 'k:{"name":"A"}': {} }) });
  assert.deepEqual(everythingIn({ spec: containers(twice) }, pod)['f:spec']?.['f:containers']?.['k:{"name":"c"}']?.['f:env'], {
    '.': {},
    'k:{"name":"A"}': {},
  });
});

test('the fields of a configuration: items and entries count, the structs around them do not', () => {
  const config = {
    apiVersion: 'v1',
    metadata: { labels: { app: 'web' }, annotations: {} },
    spec: { containers: [{ name: 'c', resources: { limits: { cpu: '1' } } }], volumes: [], securityContext: {}, dnsPolicy: null },
  };
  assert.deepEqual(fieldsOf(config, pod), {
    'f:apiVersion': {},
    'f:metadata': { 'f:labels': { 'f:app': {} }, 'f:annotations': {} },
    'f:spec': {
      'f:containers': { 'k:{"name":"c"}': { '.': {}, 'f:name': {}, 'f:resources': { 'f:limits': { 'f:cpu': {} } } } },
      'f:securityContext': {},
      'f:dnsPolicy': {},
    },
  });
});

const custom = types.custom({
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
      properties: {
        deep: { type: 'object', properties: { known: { type: 'string' } } },
        keyed: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: { type: 'object', properties: { name: { type: 'string' }, value: { type: 'string' } } },
        },
        ports: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['port', 'protocol'],
          items: { type: 'object', properties: { port: { type: 'integer' }, protocol: { type: 'string', default: 'TCP' } } },
        },
        names: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
        plain: { type: 'array', items: { type: 'string' } },
        whole: { type: 'object', 'x-kubernetes-map-type': 'atomic', properties: { a: { type: 'string' } } },
        size: { 'x-kubernetes-int-or-string': true },
        free: { type: 'object', additionalProperties: { type: 'string' } },
      },
    },
  },
});

test('a custom resource’s schema says the same with its extensions, and what it leaves open follows the value', () => {
  const spec = {
    ports: [{ port: 80 }],
    names: ['a'],
    plain: ['x'],
    whole: { a: 'b' },
    size: '1',
    free: { k: 'v' },
    unknown: { deep: { a: 1, list: [{ b: 2 }] } },
  };
  assert.deepEqual(fieldsOf({ spec }, custom), {
    'f:spec': {
      'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:port': {} } },
      'f:names': { 'v:"a"': {} },
      'f:plain': {},
      'f:whole': {},
      'f:size': {},
      'f:free': { 'f:k': {} },
      'f:unknown': { '.': {}, 'f:deep': { '.': {}, 'f:a': {}, 'f:list': {} } },
    },
  });
  const changed = compareFields({ spec }, { spec: { ...spec, unknown: 7 } }, custom);
  assert.deepEqual(changed.written, { 'f:spec': { 'f:unknown': {} } });
  assert.deepEqual(changed.removed, {
    'f:spec': { 'f:unknown': { 'f:deep': { '.': {}, 'f:a': {}, 'f:list': {} } } },
  });
});

test('a configuration that does not fit is refused in upstream’s words', () => {
  const table: [config: object, type: MergeType, problems: string[]][] = [
    [{ spec: { foo: 1 } }, deployment, ['.spec.foo: field not declared in schema']],
    [{ spec: { replicas: 'x' } }, deployment, ['.spec.replicas: expected numeric (int or float), got string']],
    [{ spec: { paused: 1 } }, deployment, ['.spec.paused: expected boolean, got &{1}']],
    [{ spec: 'x' }, deployment, ['.spec: expected map, got &{x}']],
    [{ spec: { containers: {} } }, pod, ['.spec.containers: expected list, got &{map[]}']],
    [
      { spec: { containers: [{ name: 'a' }, { name: 'a' }, { image: 'i' }, {}] } },
      pod,
      ['.spec.containers: duplicate entries for key [name="a"]', '.spec.containers: duplicate entries for key [name=""]'],
    ],
    [
      { spec: { keyed: [{ value: 'x' }, { name: 'a' }, { name: 'a' }] } },
      custom,
      [
        '.spec.keyed: element 0: associative list with keys has an element that omits all key fields ["name"] (and doesn\'t have default values for any key fields)',
      ],
    ],
    [{ spec: { deep: { unknown: 1 } } }, custom, []],
    [
      { metadata: { deletionTimestamp: true, creationTimestamp: {} } },
      pod,
      ['.metadata.creationTimestamp: expected any scalar, got &{map[]}'],
    ],
    [
      { spec: { containers: [{ name: 'a', env: [{ name: 'X', value: 1 }] }] } },
      pod,
      ['.spec.containers[name="a"].env[name="X"].value: expected string, got &value.valueUnstructured{Value:1}'],
    ],
    [{ metadata: { unknownMeta: 'x' }, spec: {} }, custom, ['.metadata.unknownMeta: field not declared in schema']],
    [{ unknownField: 1 }, custom, ['.unknownField: field not declared in schema']],
    [{ spec: { anything: [1, { x: null }], template: { spec: { containers: null } } } }, custom, []],
    [{ spec: { containers: [{ name: 'a', resources: { limits: { cpu: 1 } } }] } }, pod, []],
  ];
  for (const [config, type, problems] of table) assert.deepEqual(checkConfiguration(config, type), problems);
  assert.equal(problemsText(['.a: x', '.b: y']), 'errors:\n  .a: x\n  .b: y');
});
