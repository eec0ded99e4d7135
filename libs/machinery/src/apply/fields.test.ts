import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom, systemRandom } from '@keelson/base';
import { decodeFields, pathText } from './element.ts';
import { difference, type FieldSet, intersection, leaf, outside, pathsOf, sameSet, setOf, union } from './fields.ts';

test('a set is what fieldsV1 is: members, and a dot where there are members below', () => {
  const set = setOf(['f:metadata', 'f:labels'], ['f:metadata', 'f:labels', 'f:app'], ['f:spec', 'f:replicas']);
  assert.deepEqual(set, { 'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } }, 'f:spec': { 'f:replicas': {} } });
  assert.deepEqual(pathsOf(set).map(pathText), ['.metadata.labels', '.metadata.labels.app', '.spec.replicas']);
});

test('paths read as upstream prints them', () => {
  const table = [
    [['f:spec', 'f:containers', 'k:{"name":"web"}', 'f:image'], '.spec.containers[name="web"].image'],
    [['f:ports', 'k:{"containerPort":80,"protocol":"TCP"}'], '.ports[containerPort=80,protocol="TCP"]'],
    [['f:metadata', 'f:finalizers', 'v:"a/b"'], '.metadata.finalizers[="a/b"]'],
    [['f:list', 'i:3'], '.list[3]'],
  ] as const;
  for (const [path, text] of table) assert.equal(pathText(path), text);
});

test('a set a client wrote is brought into one spelling, or refused', () => {
  const written = { 'f:ports': { 'k:{ "protocol": "TCP", "containerPort": 80 }': { '.': {} } }, 'v: "x"': {}, 'i:0': {} };
  assert.deepEqual(decodeFields(written), {
    'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {} } },
    'v:"x"': {},
    'i:0': {},
  });
  for (const wrong of [{ spec: {} }, { 'f:a': 1 }, { 'k:[]': {} }, { 'k:{': {} }, { 'v:x': {} }, { 'i:x': {} }, [], null]) {
    assert.throws(() => decodeFields(wrong), `${JSON.stringify(wrong)}`);
  }
});

test('what lies at or below a root is left out', () => {
  const set = setOf(['f:spec', 'f:a'], ['f:status'], ['f:status', 'f:b'], ['f:metadata', 'f:x'], ['f:metadata', 'f:y', 'f:z']);
  const left = outside(set, setOf(['f:status'], ['f:metadata', 'f:y']));
  assert.deepEqual(left, { 'f:spec': { 'f:a': {} }, 'f:metadata': { 'f:x': {} } });
  assert.equal(outside(left, setOf(['f:status'])), left);
});

function randomSet(random: Random, depth = 0): FieldSet {
  const paths: string[][] = [];
  for (let i = 0; i < 1 + random.next() * 6; i++) {
    const length = 1 + Math.floor(random.next() * 4);
    paths.push(Array.from({ length }, () => `f:${'abc'[Math.floor(random.next() * 3)]}`));
  }
  return depth < 1 && random.next() < 0.1 ? leaf : setOf(...paths);
}

const keysOf = (set: FieldSet): Set<string> => new Set(pathsOf(set).map((path) => path.join('/')));

test('the algebra is that of sets of paths', () => {
  const seed = Number(process.env.SEED ?? Math.floor(systemRandom.next() * 1e9));
  console.log(`seed ${seed}`);
  const random = seededRandom(seed);
  for (let i = 0; i < 3_000; i++) {
    const [a, b] = [randomSet(random), randomSet(random)];
    const [left, right] = [keysOf(a), keysOf(b)];
    assert.deepEqual(keysOf(union(a, b)), left.union(right));
    assert.deepEqual(keysOf(intersection(a, b)), left.intersection(right));
    assert.deepEqual(keysOf(difference(a, b)), left.difference(right));
    assert.ok(sameSet(union(difference(a, b), intersection(a, b)), a), `${JSON.stringify(a)} ${JSON.stringify(b)}`);
    assert.ok(sameSet(union(a, b), union(b, a)));
  }
});
