import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSchemas } from '@keelson/types/schemas';
import type { JsonObject } from './json-object.ts';
import { applyStrategicMergePatch, patchTyped } from './strategic.ts';

const schemas = await loadSchemas();
const pod = (spec: JsonObject): JsonObject => ({ metadata: { name: 'p' }, spec });
const patchPod = (spec: JsonObject, patch: JsonObject): unknown =>
  applyStrategicMergePatch(pod(spec), { spec: patch }, schemas, 'core.v1.Pod').spec;

const a = { name: 'a', image: 'a:1' };
const b = { name: 'b', image: 'b:1' };
const c = { name: 'c', image: 'c:1' };

const table: [name: string, spec: JsonObject, patch: JsonObject, expected: JsonObject][] = [
  [
    'merges elements by key',
    { containers: [a, b] },
    { containers: [{ name: 'b', image: 'b:2' }] },
    { containers: [a, { ...b, image: 'b:2' }] },
  ],
  ['adds elements before those only the server has', { containers: [a] }, { containers: [b] }, { containers: [b, a] }],
  ['deletes elements', { containers: [a, b] }, { containers: [{ name: 'a', $patch: 'delete' }] }, { containers: [b] }],
  ['replaces lists on request', { containers: [a, b] }, { containers: [{ $patch: 'replace' }, c] }, { containers: [c] }],
  [
    'orders as asked',
    { containers: [a, b, c] },
    { '$setElementOrder/containers': [{ name: 'c' }, { name: 'a' }] },
    { containers: [b, c, a] },
  ],
  ['null deletes', { containers: [a], nodeName: 'n' }, { nodeName: null }, { containers: [a] }],
  [
    'null of nothing does nothing',
    { containers: [a] },
    { nodeName: null, affinity: { nodeAffinity: null } },
    { containers: [a], affinity: {} },
  ],
  ['atomic lists are replaced', { tolerations: [{ key: 'x' }] }, { tolerations: [{ key: 'y' }] }, { tolerations: [{ key: 'y' }] }],
  [
    'retained keys drop the others',
    { volumes: [{ name: 'v', emptyDir: {} }] },
    { volumes: [{ name: 'v', configMap: { name: 'c' }, $retainKeys: ['name', 'configMap'] }] },
    { volumes: [{ name: 'v', configMap: { name: 'c' } }] },
  ],
  [
    'a new list loses elements that are directives, and nulls; $retainKeys is left to be refused',
    {},
    {
      volumes: [
        { name: 'v', emptyDir: null, configMap: { name: 'c' }, $retainKeys: ['name', 'configMap'] },
        { name: 'w', $patch: 'delete' },
      ],
      securityContext: { $patch: 'replace', runAsUser: 1 },
    },
    { volumes: [{ name: 'v', configMap: { name: 'c' }, $retainKeys: ['name', 'configMap'] }] },
  ],
  [
    'an element that is added is taken as it is',
    { volumes: [{ name: 'u' }] },
    { volumes: [{ name: 'v', emptyDir: null }] },
    { volumes: [{ name: 'v', emptyDir: null }, { name: 'u' }] },
  ],
  [
    'a list that is replaced is, though it is ordered',
    { tolerations: [{ key: 'x' }] },
    { tolerations: [], '$setElementOrder/tolerations': [] },
    { tolerations: [] },
  ],
  ['what is to be taken from no list is no matter', { nodeName: 'n' }, { '$deleteFromPrimitiveList/nodeName': ['x'] }, { nodeName: 'n' }],
  [
    'objects are replaced on request',
    { securityContext: { runAsUser: 1 } },
    { securityContext: { $patch: 'replace', runAsGroup: 2 } },
    { securityContext: { runAsGroup: 2 } },
  ],
  [
    'objects are emptied on request',
    { securityContext: { runAsUser: 1 } },
    { securityContext: { $patch: 'delete' } },
    { securityContext: {} },
  ],
  ['maps merge', { nodeSelector: { a: '1', b: '2' } }, { nodeSelector: { b: null, c: '3' } }, { nodeSelector: { a: '1', c: '3' } }],
];

for (const [name, spec, patch, expected] of table) {
  test(`strategic merge: ${name}`, () => {
    const before = structuredClone([spec, patch]);
    assert.deepEqual(patchPod(spec, patch), expected);
    assert.deepEqual([spec, patch], before, 'the arguments stay as they were');
  });
}

test('strategic merge: elements only the server has stay where they were among the ordered ones', () => {
  const spec = { containers: [a, { name: 'sidecar' }, b] };
  const patch = { '$setElementOrder/containers': [{ name: 'a' }, { name: 'b' }, { name: 'c' }], containers: [c] };
  assert.deepEqual(patchPod(spec, patch), { containers: [a, { name: 'sidecar' }, b, c] });
});

test('strategic merge: lists of scalars unite, and lose what is named', () => {
  const meta = (finalizers: string[]): JsonObject => ({ metadata: { finalizers } });
  const patch = (change: JsonObject): unknown =>
    applyStrategicMergePatch(meta(['x/a', 'x/b']), { metadata: change }, schemas, 'core.v1.Pod').metadata;
  assert.deepEqual(patch({ finalizers: ['x/c', 'x/a'] }), { finalizers: ['x/c', 'x/a', 'x/b'] });
  assert.deepEqual(patch({ '$deleteFromPrimitiveList/finalizers': ['x/a'] }), { finalizers: ['x/b'] });
});

test('strategic merge: the deployment strategy', () => {
  const current = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } };
  const patch = { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } };
  assert.deepEqual(applyStrategicMergePatch(current, patch, schemas, 'apps.v1.Deployment'), { spec: { strategy: { type: 'Recreate' } } });
});

test('strategic merge: patches that make no sense', () => {
  const refuse = (patch: JsonObject, code: number, message: RegExp): void => {
    assert.throws(
      () => patchPod({ containers: [a, b], volumes: [{ name: 'v' }] }, patch),
      (error: Error & { code: number }) => {
        assert.equal(error.code, code);
        assert.match(`${error.message} ${(error.cause as Error | undefined)?.message}`, message);
        return true;
      },
    );
  };
  refuse({ $patch: 'frobnicate' }, 400, /^unknown patch type: frobnicate in map: map\[\$patch:frobnicate\]/);
  refuse({ containers: [{ $patch: 'merge' }] }, 400, /^merging lists cannot yet be specified in the patch/);
  refuse({ volumes: [{ name: 'v', emptyDir: {}, $retainKeys: ['name'] }] }, 400, /^invalid patch format of retainKeys/);
  refuse(
    { '$setElementOrder/containers': [{ name: 'b' }], containers: [{ name: 'a' }] },
    400,
    /^The order in patch list:\n\[map\[name:a\]\]\n doesn't match/,
  );
  refuse({ '$setElementOrder/containers': 'x' }, 400, /^expected a \[\]interface \{\}, but received a string/);
  refuse({ $setElementOrder: [] }, 400, /^invalid patch format of setElementOrder list/);
  refuse({ $deleteFromPrimitiveList: [] }, 400, /^invalid patch format of primitive list/);
  refuse({ containers: [{ image: 'x' }] }, 400, /^map: map\[image:x\] does not contain declared merge key: name/);
  refuse({ containers: [a, 'x'] }, 400, /^list element types are not identical: /);
  refuse(
    { containers: [[1]] },
    400,
    /^list element types are not identical: \[\[map\[image:a:1 name:a\] map\[image:b:1 name:b\]\] \[\[1\]\]\]/,
  );
});

test('strategic merge: without a schema objects merge and lists are replaced', () => {
  assert.deepEqual(applyStrategicMergePatch({ x: { a: 1, l: [1] } }, { x: { b: 2, l: [2] } }, {}, 'nobody.v1.Knows'), {
    x: { a: 1, b: 2, l: [2] },
  });
});

test('strategic merge: a prototype cannot be patched', () => {
  applyStrategicMergePatch(
    { spec: {} },
    JSON.parse('{"__proto__":{"polluted":1},"spec":{"__proto__":{"polluted":1}}}'),
    schemas,
    'core.v1.Pod',
  );
  assert.equal(({} as JsonObject).polluted, undefined);
});

test('where Go holds the object, a list that loses its last element goes', () => {
  const patch = { spec: { volumes: [{ name: 'v', $patch: 'delete' }], '$deleteFromPrimitiveList/finalizers': ['x'] } };
  const before = pod({ containers: [a], volumes: [{ name: 'v' }] });
  assert.deepEqual(patchTyped(before, patch, schemas, 'core.v1.Pod').spec, { containers: [a] });
  const gone = patchTyped(
    { metadata: { finalizers: ['x'] } },
    { metadata: { '$deleteFromPrimitiveList/finalizers': ['x'] } },
    schemas,
    'core.v1.Pod',
  );
  assert.deepEqual(gone, { metadata: {} });
});
