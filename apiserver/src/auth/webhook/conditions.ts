import { errorMessage } from '@keelson/base';
import { library, list, map, object, Program, type Scope, string, toCel } from '@keelson/cel';
import type { SubjectAccessReviewSpec } from '@keelson/types';
import { compileProblem, typedProgram } from '../../extensions/cel/conditions.ts';

const texts = list(string);
const requirement = object('kubernetes.SelectorRequirement', { key: string, operator: string, values: texts });
const selector = (name: string) => object(`kubernetes.${name}Attributes`, { rawSelector: string, requirements: list(requirement) });

const request = object('kubernetes.SubjectAccessReviewSpec', {
  resourceAttributes: object('kubernetes.ResourceAttributes', {
    ...{ namespace: string, verb: string, group: string, version: string, resource: string, subresource: string, name: string },
    ...{ fieldSelector: selector('FieldSelector'), labelSelector: selector('LabelSelector') },
  }),
  nonResourceAttributes: object('kubernetes.NonResourceAttributes', { path: string, verb: string }),
  ...{ user: string, groups: texts, extra: map(string, texts), uid: string },
});
const scope: Scope = { functions: library, variables: { request } };

/** Whether a webhook is to be asked. */
export type Conditions = { readonly type: 'met' } | { readonly type: 'unmet' } | { readonly type: 'failed'; readonly why: string };

/** Why an expression does not compile, or is no condition; undefined when it is one. */
export function problemOf(expression: string): string | undefined {
  try {
    typedProgram(expression, scope, ['bool']);
    return undefined;
  } catch (error) {
    return compileProblem(error);
  }
}

/** A check of all expressions over `request`, the spec of a SubjectAccessReview. One that is false decides, even beside one that fails. */
export function conditionsOf(expressions: readonly string[]): (spec: SubjectAccessReviewSpec) => Conditions {
  const programs = expressions.map((expression) => new Program(expression, scope));
  return (spec) => {
    if (programs.length === 0) return { type: 'met' };
    const variables = { request: toCel(whole(spec)) };
    const problems: string[] = [];
    for (const program of programs) {
      try {
        if (program.run(variables) !== true) return { type: 'unmet' };
      } catch (error) {
        problems.push(`cel evaluation error: expression '${program.source}' resulted in error: ${errorMessage(error)}`);
      }
    }
    if (problems.length === 0) return { type: 'met' };
    return { type: 'failed', why: problems.length > 1 ? `[${problems.join(', ')}]` : (problems[0] ?? '') };
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
