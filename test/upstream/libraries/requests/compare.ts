import { type Comparison, type Difference, differing } from '../../comparison.ts';
import { ours } from './ours.ts';
import { type Question, questions } from './questions.ts';

function reasonFor({ question, theirs, ours: own }: Difference): string | undefined {
  const { Kind } = question as Question;
  if (Kind === 'continue' && (String(own).endsWith('invalid character in token') || String(theirs).includes('cannot unmarshal')))
    return 'what is no token of ours is refused in other words';
  if (Kind === 'version' && Number(own) > Number.MAX_SAFE_INTEGER) return 'no store ever comes to such a version';
  const { Error: problem } = theirs as { readonly Error?: string };
  return problem?.startsWith('unable to determine kind')
    ? 'a path that ends in /watch is not found, rather than the server at fault'
    : undefined;
}

/** What a request is about, the form its answer is to have, and what of its options, its warnings and its place in a list holds. */
export const compare: Comparison = async ({ oracle, random, cases }) => {
  const asked = questions(random, cases);
  return differing(
    asked,
    await oracle.ask(asked),
    asked.map((question) => ours[question.Kind](question)),
    reasonFor,
  );
};
