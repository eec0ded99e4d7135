import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom, systemRandom } from '@keelson/base';
import { loadSchemas } from '@keelson/types/schemas';
import { changesIdentity, createMergePatch, createStrategicPatch, createThreeWayMergePatch, createThreeWayStrategicPatch } from './diff.ts';
import { applyJsonPatch, type JsonPatchOperation } from './json.ts';
import { applyMergePatch, type JsonObject } from './merge.ts';
import { applyStrategicMergePatch } from './strategic.ts';

const schemas = await loadSchemas();
const deployment = 'apps.v1.Deployment';

test('merge patch: RFC 7386', () => {
  const table: [document: unknown, patch: unknown, result: unknown][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [['a'], { a: 1 }, { a: 1 }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    [{ a: 1 }, 'x', 'x'],
  ];
  for (const [document, patch, result] of table) assert.deepEqual(applyMergePatch(document, patch), result);
});

test('JSON patch: all or nothing', () => {
  const document = { a: [1, 2], b: { c: 1 } };
  const apply = (...operations: JsonPatchOperation[]): unknown => applyJsonPatch(document, operations);
  assert.deepEqual(apply({ op: 'add', path: '/a/-', value: 3 }, { op: 'remove', path: '/b/c' }), { a: [1, 2, 3], b: {} });
  assert.deepEqual(apply({ op: 'replace', path: '/b/c', value: 2 }, { op: 'copy', from: '/b/c', path: '/d' }), {
    a: [1, 2],
    b: { c: 2 },
    d: 2,
  });
  assert.deepEqual(apply({ op: 'test', path: '/nope', value: null }, { op: 'move', from: '/b', path: '/e' }), { a: [1, 2], e: { c: 1 } });
  const refused: JsonPatchOperation[][] = [
    [{ op: 'replace', path: '/x', value: 1 }],
    [{ op: 'remove', path: '/x' }],
    [{ op: 'add', path: '/x/y', value: 1 }],
    [{ op: 'add', path: '/a/9', value: 1 }],
    [
      { op: 'add', path: '/b/d', value: 1 },
      { op: 'test', path: '/b/c', value: 2 },
    ],
    [{ op: 'frobnicate', path: '/a' }],
    [{ op: 'add', path: '/__proto__/x', value: 1 }],
    [
      { op: 'add', path: '/s', value: 'x'.repeat(2e6) },
      { op: 'copy', from: '/s', path: '/t' },
      { op: 'copy', from: '/s', path: '/u' },
    ],
  ];
  for (const operations of refused) {
    assert.throws(() => applyJsonPatch(document, operations), {
      code: 422,
      reason: 'Invalid',
      message: 'the server rejected our request due to an error in our request',
    });
  }
  assert.throws(() => applyJsonPatch({}, Array(10_001).fill({ op: 'test', path: '', value: {} })), {
    code: 413,
    message: 'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
  });
  assert.deepEqual(document, { a: [1, 2], b: { c: 1 } });
});

const manifest = (replicas: number, containers: JsonObject[], labels: JsonObject = { app: 'web' }): JsonObject => ({
  metadata: { name: 'web', labels },
  spec: { replicas, template: { spec: { containers } } },
});
const web = { name: 'web', image: 'web:1' };

test('client-side apply keeps what others added, and removes what it once applied', () => {
  const original = manifest(3, [web, { name: 'old', image: 'old:1' }], { app: 'web', gone: 'x' });
  const modified = manifest(3, [{ ...web, image: 'web:2' }]);
  const current = {
    ...manifest(5, [{ ...web, imagePullPolicy: 'Always' }, { name: 'old', image: 'old:1' }, { name: 'injected' }], {
      app: 'web',
      gone: 'x',
      theirs: 'y',
    }),
    status: { replicas: 5 },
  };
  const patch = createThreeWayStrategicPatch(original, modified, current, schemas, deployment);
  assert.deepEqual(patch, {
    metadata: { labels: { gone: null } },
    spec: {
      replicas: 3,
      template: {
        spec: {
          containers: [
            { name: 'web', image: 'web:2' },
            { name: 'old', $patch: 'delete' },
          ],
          '$setElementOrder/containers': [{ name: 'web' }],
        },
      },
    },
  });
  assert.deepEqual(applyStrategicMergePatch(current, patch, schemas, deployment), {
    ...manifest(3, [{ ...web, image: 'web:2', imagePullPolicy: 'Always' }, { name: 'injected' }], { app: 'web', theirs: 'y' }),
    status: { replicas: 5 },
  });
});

test('client-side apply: nothing to do is an empty patch', () => {
  const object = manifest(1, [web]);
  assert.deepEqual(createThreeWayStrategicPatch(object, object, { ...object, status: {} }, schemas, deployment), {});
  assert.deepEqual(createThreeWayMergePatch(object, object, { ...object, status: {} }), {});
});

test('client-side apply: a change of strategy retains only its own keys', () => {
  const of = (strategy: JsonObject): JsonObject => ({ spec: { strategy } });
  const current = of({ type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%' } });
  assert.deepEqual(createThreeWayStrategicPatch(of({}), of({ type: 'Recreate' }), current, schemas, deployment), {
    spec: { strategy: { type: 'Recreate', $retainKeys: ['type'] } },
  });
});

test('client-side apply: without a schema, as a merge patch', () => {
  const patch = createThreeWayMergePatch({ spec: { a: 1, l: [1] } }, { spec: { b: 2, l: [2] } }, { spec: { a: 1, l: [1], z: 9 } });
  assert.deepEqual(patch, { spec: { b: 2, l: [2], a: null } });
  assert.equal(changesIdentity(patch), false);
  assert.equal(changesIdentity({ metadata: { name: 'x' } }), true);
});

function randomJson(random: Random, depth: number): unknown {
  const draw = Math.floor(random.next() * (depth > 0 ? 6 : 4));
  if (draw === 4) return randomObject(random, depth - 1);
  if (draw === 5) return Array.from({ length: Math.floor(random.next() * 3) }, () => randomJson(random, depth - 1));
  return [random.next() < 0.5, Math.floor(random.next() * 5), `s${Math.floor(random.next() * 3)}`, ''][draw];
}

function randomObject(random: Random, depth: number): JsonObject {
  const keys = 'abcd'.split('').filter(() => random.next() < 0.6);
  return Object.fromEntries(keys.map((key) => [key, randomJson(random, depth)]));
}

const seed = Math.floor(systemRandom.next() * 1e9);

test('property: a merge patch makes one object of the other', () => {
  const random = seededRandom(seed);
  for (let i = 0; i < 500; i++) {
    const [from, to] = [randomObject(random, 3), randomObject(random, 3)];
    assert.deepEqual(applyMergePatch(from, createMergePatch(from, to)), to, `seed ${seed}`);
    assert.deepEqual(createMergePatch(from, from), {}, `seed ${seed}`);
  }
});

/** A pod spec with lists of every kind: keyed, keyed in keyed, retaining, atomic. */
function randomSpec(random: Random): JsonObject {
  const some = <T>(list: readonly T[]): T[] => list.filter(() => random.next() < 0.6).sort(() => random.next() - 0.5);
  const word = (): string => `v${Math.floor(random.next() * 3)}`;
  const containers = some(['a', 'b', 'c', 'd']).map((name) => ({
    name,
    image: word(),
    env: some(['X', 'Y', 'Z']).map((variable) => ({ name: variable, value: word() })),
    ...(random.next() < 0.5 ? { args: [word(), word()] } : {}),
    ...(random.next() < 0.5 ? { resources: { limits: { cpu: word() } } } : {}),
  }));
  const volumes = some(['v', 'w']).map((name) => ({ name, ...(random.next() < 0.5 ? { emptyDir: {} } : { configMap: { name: word() } }) }));
  return {
    containers,
    volumes,
    nodeSelector: Object.fromEntries(some(['k', 'l']).map((key) => [key, word()])),
    tolerations: some([{ key: 'x' }, { key: 'y' }]),
  };
}

test('property: a strategic patch makes one pod of the other', () => {
  const random = seededRandom(seed);
  for (let i = 0; i < 500; i++) {
    const [from, to] = [{ spec: randomSpec(random) }, { spec: randomSpec(random) }];
    const patch = createStrategicPatch(from, to, schemas, 'core.v1.Pod');
    assert.deepEqual(
      applyStrategicMergePatch(from, patch, schemas, 'core.v1.Pod'),
      to,
      `seed ${seed}: ${JSON.stringify({ from, to, patch })}`,
    );
    assert.deepEqual(createStrategicPatch(from, structuredClone(from), schemas, 'core.v1.Pod'), {}, `seed ${seed}`);
  }
});

test('property: applying a three-way patch gives all that was asked, and applying again changes nothing', () => {
  const random = seededRandom(seed);
  for (let i = 0; i < 500; i++) {
    const [original, modified, current] = [{ spec: randomSpec(random) }, { spec: randomSpec(random) }, { spec: randomSpec(random) }];
    const patch = createThreeWayStrategicPatch(original, modified, current, schemas, 'core.v1.Pod');
    const result = applyStrategicMergePatch(current, patch, schemas, 'core.v1.Pod');
    const again = createThreeWayStrategicPatch(modified, modified, result, schemas, 'core.v1.Pod');
    assert.deepEqual(applyStrategicMergePatch(result, again, schemas, 'core.v1.Pod'), result, `seed ${seed}`);
    const undone = createThreeWayStrategicPatch(current, modified, current, schemas, 'core.v1.Pod');
    assert.deepEqual(applyStrategicMergePatch(current, undone, schemas, 'core.v1.Pod'), modified, `seed ${seed}`);
  }
});
