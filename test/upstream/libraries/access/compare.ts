import { systemClock } from '@keelson/base';
import { type Comparison, type Difference, differing } from '../../comparison.ts';
import { claimSets, documents, requests } from './documents.ts';
import { audited, check, identified, policy } from './ours.ts';

interface Question {
  readonly Kind: 'check' | 'policy' | 'audited' | 'identified';
  readonly Claims: string;
  readonly Text: string;
  readonly Reload: boolean;
  readonly User: string;
  readonly Groups: readonly string[];
  readonly Method: string;
  readonly URL: string;
}

function answer({ Kind, Text, Reload, User, Groups, Method, URL, Claims }: Question): unknown {
  try {
    if (Kind === 'audited') return audited(Text, Method, URL, { name: User, groups: Groups });
    if (Kind === 'identified') return identified(Text, Claims, systemClock.now());
    if (Kind === 'policy') policy(Text);
    else check(Text, Reload);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

const reasons: readonly (readonly [said: RegExp, reason: string])[] = [
  [/^unreadable: /, 'a document that cannot be read is refused in other words'],
  [/"(AESGCM|KMS)":/, 'a provider is told by its names: it may hold keys'],
  [/of type 'any' cannot be range/, 'what a claim is nobody knows before there is one: it may be a list'],
  [/egressSelectorType/, 'there are no egress selectors'],
];

function reasonFor({ theirs, ours: own }: Difference): string | undefined {
  if (own === 'oidc: username is empty') return 'who has no name is nobody';
  if (String(own).includes('before the nbf')) return 'nobody reads nanoseconds';
  return own === '' ? undefined : reasons.find(([said]) => said.test(String(theirs)))?.[1];
}

/** What is wrong with the files that configure who may ask what, what is told of it and how it is kept; and how a policy has it told. */
export const compare: Comparison = async ({ oracle, random, cases }) => {
  const questions = Object.entries(documents).flatMap(([kind, sketches]) =>
    sketches.flatMap((sketch) =>
      Array.from({ length: cases }, (_, i): Question => {
        const [Method, URL] = requests[i % requests.length] ?? ['GET', '/'];
        const drawn = { Text: JSON.stringify(sketch(random)), Claims: JSON.stringify(claimSets(random)), Reload: random.next() < 0.5 };
        return { Kind: kind as Question['Kind'], ...drawn, User: 'alice', Groups: ['developers'], Method, URL };
      }),
    ),
  );
  return differing(questions, await oracle.ask(questions), questions.map(answer), reasonFor);
};
