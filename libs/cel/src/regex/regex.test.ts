import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom } from '@keelson/base';
import { Regex } from './program.ts';

test('patterns of Kubernetes’ own', () => {
  const label = new Regex('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$');
  assert.deepEqual(
    ['web', 'web-1', '-web', 'Web', 'a'.repeat(63)].map((text) => label.test(text)),
    [true, true, false, false, true],
  );
  assert.ok(new Regex('(?i)^IF-?NOT$').test('if-not'));
  assert.ok(new Regex(`^\\d{3}-\\p{Lu}[[:alpha:]]\\x{41}$`).test('123-ÄxA'));
  assert.ok(!new Regex('a.b').test('a\nb'));
  assert.ok(new Regex('(?s)a.b').test('a\nb'));
  assert.ok(new Regex('(?m)^b$').test('a\nb\nc'));
  assert.ok(new Regex('\\Qa.b\\E').test('xa.b'));
});

test('the leftmost match, greedy or lazy', () => {
  assert.deepEqual(new Regex('a+?').find('baaa'), { start: 1, end: 2 });
  assert.deepEqual(new Regex('a+').find('baaa'), { start: 1, end: 4 });
  assert.deepEqual(new Regex('ab|abc').find('xabc'), { start: 1, end: 3 });
  assert.deepEqual(new Regex('\\bfoo\\b').find('food foo'), { start: 5, end: 8 });
});

test('what RE2 does not know is refused', () => {
  for (const pattern of ['(?=a)', '(a)\\1', 'a**', '*a', '[b-a]', '(a', 'a)', '[a', '\\', 'a{1001}', '\\pX', '(?<!a)b'])
    assert.throws(() => new Regex(pattern), /error parsing regexp/, pattern);
});

test('a hostile pattern takes linear time', () => {
  const text = 'a'.repeat(20_000);
  assert.ok(!new Regex('^(a+)+$').test(`${text}b`));
  assert.ok(!new Regex('^(a|a?)*b$').test(text));
});

test('agrees with JavaScript on patterns both know', () => {
  for (let seed = 0; seed < 400; seed++) {
    const random = seededRandom(seed);
    const pattern = some(random, 3);
    const text = Array.from({ length: pickBelow(random, 12) }, () => 'abc'[pickBelow(random, 3)]).join('');
    const theirs = new RegExp(pattern, 'u').exec(text);
    const ours = new Regex(pattern).find(text);
    assert.deepEqual(
      ours && [ours.start, ours.end - ours.start],
      theirs ? [theirs.index, theirs[0].length] : undefined,
      `seed ${seed}: /${pattern}/ on ${text}`,
    );
  }
});

function pickBelow(random: Random, most: number): number {
  return Math.floor(random.next() * most);
}

/** Nothing that may match the empty text is repeated without bound: what the two find then differs. */
function some(random: Random, depth: number): string {
  const pick = pickBelow(random, depth > 0 ? 8 : 3);
  const inner = (): string => some(random, depth - 1);
  return (
    [
      () => 'abc'[pickBelow(random, 3)] ?? 'a',
      () => '[ab]',
      () => '[^a]',
      () => `${inner()}${inner()}`,
      () => `(?:${inner()}|${inner()})`,
      () => `${'abc'[pickBelow(random, 3)]}*`,
      () => `${'abc'[pickBelow(random, 3)]}+?`,
      () => `(?:${inner()}){0,2}`,
    ][pick] ?? inner
  )();
}
