import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom } from '@keelson/base';
import { Environment } from '@marcbachmann/cel-js';
import { fromCel } from './convert.ts';
import { library } from './library/index.ts';
import { Program } from './program.ts';
import { dyn } from './types.ts';

/** Another implementation of the language, without costs and Kubernetes' libraries. */
const other = new Environment({ unlistedVariablesAreDyn: true, homogeneousAggregateLiterals: false });
const values = { a: 3n, b: -2n, s: 'abc', t: '', l: [1n, 2n, 3n], m: { x: 1n, y: 5n }, f: 1.5 };
const scope = { functions: library, variables: Object.fromEntries(Object.keys(values).map((name) => [name, dyn])) };

test('computes what another implementation computes', () => {
  const agreed = { value: 0, error: 0 };
  for (let seed = 0; seed < 1500; seed++) {
    const random = seededRandom(seed);
    const source = boolean(random, 4);
    const [ours, theirs] = [attempt(() => new Program(source, scope).run(values)), attempt(() => other.evaluate(source, values))];
    assert.deepEqual(ours, theirs, `seed ${seed}: ${source}`);
    agreed[ours === 'error' ? 'error' : 'value']++;
  }
  assert.ok(agreed.value > 1000, JSON.stringify(agreed));
});

function attempt(run: () => unknown): unknown {
  try {
    return fromCel(run());
  } catch {
    return 'error';
  }
}

function pick(random: Random, options: readonly (() => string)[]): string {
  return options[Math.floor(random.next() * options.length)]?.() ?? '';
}

function boolean(random: Random, depth: number): string {
  const again = (): string => boolean(random, depth - 1);
  const number = (): string => whole(random, depth - 1);
  const words = (): string => text(random, depth - 1);
  const many = (): string => list(random, depth - 1);
  if (depth === 0) return pick(random, [() => 'true', () => 'false', () => 'a > b']);
  return pick(random, [
    () => `(${again()} && ${again()})`,
    () => `(${again()} || ${again()})`,
    () => `!(${again()})`,
    () => `(${again()} ? ${again()} : ${again()})`,
    () => `${number()} < ${number()}`,
    () => `${number()} == ${number()}`,
    () => `${words()} == ${words()}`,
    () => `${words()}.startsWith(${words()})`,
    () => `${words()}.contains(${words()})`,
    () => `${number()} in ${many()}`,
    () => `${many()}.all(i, i >= ${number()})`,
    () => `${many()}.exists(i, i == ${number()} || ${again()})`,
    () => `${many()}.exists_one(i, i > ${number()})`,
    () => `${many()} == ${many()}`,
    () => `has(m.${pick(random, [() => 'x', () => 'z'])})`,
  ]);
}

function whole(random: Random, depth: number): string {
  const again = (): string => whole(random, depth - 1);
  if (depth <= 0) return pick(random, [() => 'a', () => 'b', () => '7', () => 'm.x', () => 'm["y"]']);
  return pick(random, [
    () => `(${again()} + ${again()})`,
    () => `(${again()} - ${again()})`,
    () => `(${again()} * ${again()})`,
    () => `(${again()} / ${again()})`,
    () => `(${again()} % ${again()})`,
    () => `size(${list(random, depth - 1)})`,
    () => `${text(random, depth - 1)}.size()`,
    () => `${list(random, depth - 1)}[${again()}]`,
    () => `(${boolean(random, depth - 1)} ? ${again()} : ${again()})`,
    () => `int(string(${again()}))`,
  ]);
}

function text(random: Random, depth: number): string {
  const again = (): string => text(random, depth - 1);
  if (depth <= 0) return pick(random, [() => 's', () => 't', () => '"b"', () => "'Bc'"]);
  return pick(random, [
    () => `(${again()} + ${again()})`,
    () => `string(${whole(random, depth - 1)})`,
    () => `${again()}.upperAscii()`,
    () => `${again()}.trim()`,
  ]);
}

function list(random: Random, depth: number): string {
  const again = (): string => list(random, depth - 1);
  if (depth <= 0) return pick(random, [() => 'l', () => '[1, 4]', () => 'l.filter(j, j > 1)']);
  return pick(random, [
    () => `(${again()} + ${again()})`,
    () => `[dyn(${whole(random, depth - 1)}), dyn(${whole(random, depth - 1)})]`,
    () => `${again()}.map(k, k + ${whole(random, depth - 1)})`,
    () => `${again()}.filter(k, k < ${whole(random, depth - 1)})`,
  ]);
}
