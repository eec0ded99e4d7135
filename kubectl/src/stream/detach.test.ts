import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { detachKeys, untilKeys } from './detach.ts';

test('keys are letters, or letters with ctrl', () => {
  assert.deepEqual(detachKeys('ctrl-p,ctrl-q'), [16, 17]);
  assert.deepEqual(detachKeys('a,ctrl-@,ctrl-[,ctrl-_,DEL'), [97, 0, 27, 31, 127]);
  assert.deepEqual(detachKeys(''), []);
  assert.throws(() => detachKeys('ctrl-P'), { message: "Unknown character: 'ctrl-P'" });
});

const typed: readonly (readonly [chunks: readonly string[], through: string, detached: boolean])[] = [
  [['ab'], 'ab', false],
  [['a\x10\x11b'], 'a', true],
  [['a\x10', '\x11'], 'a', true],
  [['a\x10', 'b\x11'], 'a\x10b\x11', false],
  [['\x10\x10\x11'], '\x10', true],
  [['a\x10'], 'a\x10', false],
];

test('what is typed goes through until the keys were typed, and they do not', async () => {
  for (const [chunks, through, ends] of typed) {
    let [text, detached] = ['', false];
    const input = Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
    for await (const part of untilKeys(input, [16, 17], () => (detached = true))) text += part.toString();
    assert.deepEqual([text, detached], [through, ends], JSON.stringify(chunks));
  }
});
