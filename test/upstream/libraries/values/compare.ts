import type { Random } from '@keelson/base';
import { canonicalQuantity, parseFieldSelector, parseLabelSelector } from '@keelson/machinery';
import { type Comparison, differing } from '../../comparison.ts';

const ours: Readonly<Record<string, (text: string) => string>> = {
  quantity: canonicalQuantity,
  'label selector': (text) => parseLabelSelector(text).toString(),
  'field selector': (text) => parseFieldSelector(text).toString(),
};

/** What random texts of each kind are put together from. */
const words: Readonly<Record<string, readonly string[]>> = {
  quantity: ['0', '1', '9', '1024', '1000', '.', '-', '+', 'e', 'E', 'k', 'Ki', 'Mi', 'Gi', 'm', 'n', 'u', 'M', 'P', 'Ei', ' ', '00'],
  'label selector': ['a', 'b/c', 'in', 'notin', '(', ')', ',', '=', '==', '!=', '!', '>', '<', '1', ' ', 'x.y/z', '-', 'exists', '\t', '_'],
  'field selector': ['a', 'metadata.name', '=', '==', '!=', ',', '\\', '\\,', '\\=', ' ', 'b', '!', ''],
};

function randomText(random: Random, from: readonly string[]): string {
  const length = 1 + Math.floor(random.next() * 7);
  return Array.from({ length }, () => from[Math.floor(random.next() * from.length)]).join('');
}

function answer(kind: string, text: string): unknown {
  try {
    const value = ours[kind]?.(text);
    return value ? { value } : {};
  } catch (error) {
    return { error: (error as Error).message };
  }
}

/** Quantities and selectors: what they are once read, or why they cannot be. */
export const compare: Comparison = async ({ oracle, random, cases }) => {
  const questions = Object.entries(words).flatMap(([Kind, from]) =>
    Array.from({ length: cases }, () => ({ Kind, Text: randomText(random, from) })),
  );
  const own = questions.map(({ Kind, Text }) => answer(Kind, Text));
  return differing(questions, await oracle.ask(questions), own);
};
