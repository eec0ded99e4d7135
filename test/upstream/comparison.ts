import type { Random } from '@keelson/base';
import type { Libraries } from './newer.ts';
import type { Oracle } from './oracle.ts';

/** One question upstream and we answered differently. */
export interface Difference {
  readonly question: unknown;
  readonly theirs: unknown;
  readonly ours: unknown;
  /** Why it is left so; a difference without a reason fails the run. */
  readonly reason?: string;
}

/** What a comparison works with. */
export interface Tools {
  /** Of `libraries/<area>/main.go`. */
  readonly oracle: Oracle;
  readonly libraries: Libraries;
  readonly random: Random;
  /** How many random questions, where the area asks such. */
  readonly cases: number;
}

export interface Outcome {
  readonly asked: number;
  readonly differences: readonly Difference[];
}

/** One area in which upstream's libraries and ours are asked the same: `libraries/<area>/compare.ts` exports it as `compare`. */
export type Comparison = (tools: Tools) => Promise<Outcome>;

/** Pairs questions with both answers and keeps those that differ; `reasonFor` names those that may. */
export function differing(
  questions: readonly unknown[],
  theirs: readonly unknown[],
  ours: readonly unknown[],
  reasonFor: (difference: Difference) => string | undefined = () => undefined,
): Outcome {
  const differences = questions.flatMap((question, i): Difference[] => {
    if (JSON.stringify(theirs[i]) === JSON.stringify(ours[i])) return [];
    const difference = { question, theirs: theirs[i], ours: ours[i] };
    const reason = reasonFor(difference);
    return [reason === undefined ? difference : { ...difference, reason }];
  });
  return { asked: questions.length, differences };
}
