import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deal, hashOf } from './hand.ts';

function handOf(flow: number, deck: number, size: number): number[] {
  const hand: number[] = [];
  deal(flow, deck, size, (card) => hand.push(card) > size);
  return hand;
}

test('a hand is of different cards, the same each time', () => {
  for (const [deck, size] of [
    [128, 6],
    [16, 4],
    [8, 8],
    [1, 1],
    [10_000_000, 2],
  ] as const) {
    for (let flow = 0; flow < 200; flow++) {
      const hand = handOf(hashOf(`user-${flow}`), deck, size);
      assert.equal(new Set(hand).size, size);
      assert.ok(hand.every((card) => Number.isInteger(card) && card >= 0 && card < deck));
      assert.deepEqual(hand, handOf(hashOf(`user-${flow}`), deck, size));
    }
  }
});

test('cards are dealt evenly and hands are seldom alike', () => {
  const counts = Array.from({ length: 128 }, () => 0);
  const hands = new Set<string>();
  for (let flow = 0; flow < 10_000; flow++) {
    const hand = handOf(hashOf(`system:serviceaccount:default:user-${flow}`), 128, 6);
    for (const card of hand) counts[card] = (counts[card] ?? 0) + 1;
    hands.add(hand.toSorted((a, b) => a - b).join());
  }
  const expected = (10_000 * 6) / 128;
  for (const count of counts) assert.ok(Math.abs(count - expected) < expected / 4, `${count} of ${expected}`);
  assert.ok(hands.size > 9_990, `${hands.size} different hands`);
});
