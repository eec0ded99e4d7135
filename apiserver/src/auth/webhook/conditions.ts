import { errorMessage } from '@keelson/base';
import type { SubjectAccessReviewSpec } from '@keelson/types';
import { compile, environment, type Program } from '../../extensions/cel/environment.ts';
import { toCel } from '../../extensions/cel/values.ts';

const env = environment(['request']);

/** Whether a webhook is to be asked. */
export type Conditions = { readonly type: 'met' } | { readonly type: 'unmet' } | { readonly type: 'failed'; readonly why: string };

/** Why an expression does not compile; undefined when it does. */
export function problemOf(expression: string): string | undefined {
  try {
    compile(env, expression, ['bool']);
    return undefined;
  } catch (error) {
    return `compilation failed: ${errorMessage(error).split('\n')[0]}`;
  }
}

/** A check of all expressions over `request`, the spec of a SubjectAccessReview. One that is false decides, even beside one that fails. */
export function conditionsOf(expressions: readonly string[]): (spec: SubjectAccessReviewSpec) => Conditions {
  const programs: readonly Program[] = expressions.map((expression) => compile(env, expression, ['bool']));
  return (spec) => {
    if (programs.length === 0) return { type: 'met' };
    const request = toCel(whole(spec));
    let why: string | undefined;
    for (const program of programs) {
      try {
        if (program({ request }) !== true) return { type: 'unmet' };
      } catch (error) {
        why ??= errorMessage(error).split('\n')[0] ?? '';
      }
    }
    return why === undefined ? { type: 'met' } : { type: 'failed', why };
  };
}

/** Texts that are not set are empty, so that an expression need not ask whether they are there. */
function whole(spec: SubjectAccessReviewSpec): object {
  const { resourceAttributes: on, nonResourceAttributes: off } = spec;
  const place = { namespace: '', verb: '', group: '', version: '', resource: '', subresource: '', name: '' };
  return {
    ...{ user: '', groups: [], uid: '', extra: {}, ...spec },
    ...(on ? { resourceAttributes: { ...place, ...on } } : {}),
    ...(off ? { nonResourceAttributes: { path: '', verb: '', ...off } } : {}),
  };
}
