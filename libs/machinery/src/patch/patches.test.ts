import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom, systemRandom } from '@keelson/base';
import { loadSchemas } from '@keelson/types/schemas';
import { createStrategicPatch } from './diff.ts';
import { applyJsonPatch, type JsonPatchOperation } from './json.ts';
import type { JsonObject } from './json-object.ts';
import { applyMergePatch, createMergePatch } from './merge.ts';
import { applyStrategicMergePatch } from './strategic.ts';
import { changesIdentity, createThreeWayMergePatch, createThreeWayStrategicPatch, PatchConflict } from './three-way.ts';

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
  assert.deepEqual(apply({ op: 'replace', path: '/x', value: 1 }, { op: 'add', path: '/a/-1', value: 3 }), {
    ...document,
    a: [1, 2, 3],
    x: 1,
  });
  assert.deepEqual(apply({ op: 'remove', path: '/a/-2' }, { op: 'add', path: '/b/~0~1' } as JsonPatchOperation), {
    a: [2],
    b: { c: 1, '~/': null },
  });
  assert.deepEqual(apply({ op: 'move', from: '/a/0', path: '/a/0' }, { op: 'copy', from: '/nope', path: '/b/c' }), {
    a: [1, 2],
    b: { c: null },
  });
  const refused: JsonPatchOperation[][] = [
    [{ op: 'replace', path: '/a/2', value: 1 }],
    [{ op: 'replace', path: '', value: 1 }],
    [{ op: 'remove', path: '/x' }],
    [{ op: 'remove', path: '/a/-3' }],
    [{ op: 'add', path: '/a/x', value: 1 }],
    [{ op: 'move', from: '/b', path: '/b/c' }],
    [{ op: 'test', path: '/b/c' } as JsonPatchOperation],
    [{ op: 'add', path: '/x/y', value: 1 }],
    [{ op: 'add', path: '/a/9', value: 1 }],
    [
      { op: 'add', path: '/b/d', value: 1 },
      { op: 'test', path: '/b/c', value: 2 },
    ],
    [{ op: 'frobnicate', path: '/a' }],
    [{ op: 'add', path: '/__proto__/x', value: 1 }],
  ];
  for (const operations of refused) assert.throws(() => applyJsonPatch(document, operations), JSON.stringify(operations));
  const copies = ['/t', '/u'].map((path) => ({ op: 'copy', from: '/a', path }));
  assert.throws(() => applyJsonPatch(document, copies, 6), /accumulated size increase of copy is 10, exceeding the limit 6$/);
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
  const patch = createThreeWayStrategicPatch({ original, modified, current }, schemas, deployment);
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
  assert.deepEqual(
    createThreeWayStrategicPatch({ original: object, modified: object, current: { ...object, status: {} } }, schemas, deployment),
    {},
  );
  assert.deepEqual(createThreeWayMergePatch({ original: object, modified: object, current: { ...object, status: {} } }), {});
});

test('client-side apply: a change of strategy retains only its own keys', () => {
  const of = (strategy: JsonObject): JsonObject => ({ spec: { strategy } });
  const current = of({ type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%' } });
  assert.deepEqual(createThreeWayStrategicPatch({ original: of({}), modified: of({ type: 'Recreate' }), current }, schemas, deployment), {
    spec: { strategy: { type: 'Recreate', $retainKeys: ['type'] } },
  });
});

test('client-side apply: elements with one key are told apart by their place', () => {
  const of = (...ports: JsonObject[]): JsonObject => ({ spec: { ports } });
  const [udp, tcp] = [
    { port: 53, protocol: 'UDP' },
    { port: 53, protocol: 'TCP' },
  ];
  const service = 'core.v1.Service';
  assert.deepEqual(createStrategicPatch(of(udp, tcp), of(udp, tcp), schemas, service), {});
  assert.deepEqual(createStrategicPatch(of(udp, tcp), of(udp, { ...tcp, name: 'x' }), schemas, service), {
    spec: { ports: [{ port: 53, name: 'x' }], '$setElementOrder/ports': [{ port: 53 }, { port: 53 }] },
  });
});

test('client-side apply: a list of scalars in no order is ordered each time, as upstream', () => {
  const of = (...finalizers: string[]): JsonObject => ({ metadata: { finalizers } });
  assert.deepEqual(createStrategicPatch(of('b', 'a'), of('b', 'a'), schemas, deployment), {
    metadata: { '$setElementOrder/finalizers': ['b', 'a'] },
  });
  assert.deepEqual(createStrategicPatch(of('a', 'b'), of('a', 'b'), schemas, deployment), {});
});

test('client-side apply: what is there no more is deleted all the same', () => {
  const [original, modified] = [manifest(1, [web, { name: 'old' }]), manifest(1, [web])];
  const patch = createThreeWayStrategicPatch({ original, modified, current: modified }, schemas, deployment);
  const containers = [{ name: 'old', $patch: 'delete' }];
  assert.deepEqual(patch, { spec: { template: { spec: { containers, '$setElementOrder/containers': [{ name: 'web' }] } } } });
});

test('client-side apply may leave alone what others changed', () => {
  const [original, modified] = [manifest(1, [web]), manifest(2, [web])];
  const apart = { original, modified, current: manifest(1, [{ ...web, image: 'web:9' }]) };
  assert.throws(() => createThreeWayStrategicPatch(apart, schemas, deployment, false), PatchConflict);
  const same = { original, modified, current: { ...manifest(1, [web]), status: { replicas: 1 } } };
  assert.deepEqual(createThreeWayStrategicPatch(same, schemas, deployment, false), { spec: { replicas: 2 } });
});

test('client-side apply: without a schema, as a merge patch', () => {
  assert.deepEqual(createThreeWayMergePatch({ original: { a: { b: 1 } }, modified: { a: {} }, current: { a: 'x' } }), { a: { b: null } });
  const patch = createThreeWayMergePatch({
    original: { spec: { a: 1, l: [1] } },
    modified: { spec: { b: 2, l: [2] } },
    current: { spec: { a: 1, l: [1], z: 9 } },
  });
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

/** Without nulls, and without the directives that stay in an element whose likes are gone: upstream's server refuses those. */
function decoded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decoded);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name, inner]) => inner !== null && !name.startsWith('$'));
  return Object.fromEntries(kept.map(([name, inner]) => [name, decoded(inner)]));
}

test('property: applying a three-way patch gives all that was asked, and applying again changes nothing', () => {
  const random = seededRandom(seed);
  for (let i = 0; i < 500; i++) {
    const [original, modified, current] = [{ spec: randomSpec(random) }, { spec: randomSpec(random) }, { spec: randomSpec(random) }];
    const patch = createThreeWayStrategicPatch({ original, modified, current }, schemas, 'core.v1.Pod');
    const result = decoded(applyStrategicMergePatch(current, patch, schemas, 'core.v1.Pod')) as JsonObject;
    const again = createThreeWayStrategicPatch({ original: modified, modified, current: result }, schemas, 'core.v1.Pod');
    assert.deepEqual(applyStrategicMergePatch(result, again, schemas, 'core.v1.Pod'), result, `seed ${seed}`);
    const undone = createThreeWayStrategicPatch({ original: current, modified, current }, schemas, 'core.v1.Pod');
    assert.deepEqual(applyStrategicMergePatch(current, undone, schemas, 'core.v1.Pod'), modified, `seed ${seed}`);
  }
});
