import { errorMessage } from '@keelson/base';
import { type Cost, matching, unknownSize } from '../costs.ts';
import { each, fn, type Overload } from '../declare.ts';
import { EvaluationError } from '../errors.ts';
import { type Regex, regexOf } from '../regex/program.ts';

function compiled(pattern: string): Regex {
  try {
    return regexOf(pattern);
  } catch (error) {
    throw new EvaluationError(errorMessage(error));
  }
}

function find(text: string, pattern: string): string {
  const found = compiled(pattern).find(text);
  return found ? text.slice(found.start, found.end) : '';
}

function findAll(text: string, pattern: string, most = -1n): string[] {
  const regex = compiled(pattern);
  const all: string[] = [];
  for (let from = 0; from <= text.length && (most < 0n || BigInt(all.length) < most); ) {
    const found = regex.find(text, from);
    if (!found) break;
    all.push(text.slice(found.start, found.end));
    from = found.end > found.start ? found.end : found.end + 1;
  }
  return all;
}

/** Each match may be as short as nothing. */
const finding: Cost = {
  ...matching,
  estimate: (args) => ({ ...matching.estimate(args), size: { min: 0, max: (args[0]?.size ?? unknownSize).max } }),
};

export const patterns: readonly Overload[] = [
  ...each(
    ['string.matches(string): bool', 'matches(string, string): bool'],
    (text: string, pattern: string) => compiled(pattern).test(text),
    matching,
  ),
  fn('string.find(string): string', find, finding),
  fn('string.findAll(string): list<string>', findAll, finding),
  fn('string.findAll(string, int): list<string>', findAll, finding),
];
