import { type Comparison, type Difference, differing } from '../../comparison.ts';
import { ours } from './ours.ts';
import { type Question, questions } from './questions.ts';

function answer({ Kind, Text }: Question): unknown {
  try {
    const value = ours[Kind]?.(Text);
    return value ? { value } : {};
  } catch (error) {
    return { error: (error as Error).message };
  }
}

const reasons: readonly (readonly [kind: string, applies: (asked: string, answers: string) => boolean, reason: string])[] = [
  [
    'quantity',
    (asked) => /e\+?\d{4}/i.test(asked),
    'exponents beyond a thousand are refused: nothing real is as large, and holding one costs memory',
  ],
  ['quantity', (asked) => /000[PE]$/.test(asked), 'upstream drops the suffix of a thousand exa and more'],
  [
    'amounts',
    (_, answers) => numbers(answers).some((number) => Math.abs(number) > 2 ** 53),
    'whole numbers past 2^53 are rounded; upstream has others where 64 bits do not hold them',
  ],
  [
    'amounts',
    (asked) => asked.startsWith('-'),
    'fractions below zero are rounded away from it; upstream does so or not, as it happens to hold them',
  ],
  [
    'duration',
    (_, answers) => !answers.includes('error'),
    'durations are milliseconds: past a hundred days no longer exact to the nanosecond',
  ],
];

function numbers(text: string): number[] {
  return (text.match(/-?\d+/g) ?? []).map(Number);
}

function reasonFor({ question, theirs, ours: own }: Difference): string | undefined {
  const { Kind, Text } = question as Question;
  return reasons.find(([kind, applies]) => kind === Kind && applies(Text, JSON.stringify([theirs, own])))?.[2];
}

/** Quantities, selectors, names, durations and addresses: what they are once read, or why they cannot be. */
export const compare: Comparison = async ({ oracle, random, cases }) => {
  const asked = questions(random, cases);
  const own = asked.map(answer);
  return differing(asked, await oracle.ask(asked), own, reasonFor);
};
