import { goQuote } from '@keelson/machinery';
import type { AuthorizationAttributes, Authorizer, Decision, KnownRules, UserInfo } from './types.ts';

/** Asks each authorizer until one has an opinion. Nobody's opinion is a no. */
export async function authorize(authorizers: readonly Authorizer[], attributes: AuthorizationAttributes): Promise<Decision> {
  const reasons: string[] = [];
  const errors: string[] = [];
  for (const authorizer of authorizers) {
    const pending = authorizer.authorize(attributes);
    const decision = 'type' in pending ? pending : await pending;
    if (decision.type !== 'noOpinion') return decision;
    if (decision.reason) reasons.push(decision.reason);
    if (decision.error !== undefined) errors.push(decision.error);
  }
  const reason = reasons.join('\n');
  if (errors.length === 0) return { type: 'noOpinion', reason };
  return { type: 'noOpinion', reason, error: errors.length > 1 ? `[${errors.join(', ')}]` : (errors[0] ?? '') };
}

/** What all authorizers together would grant a user. */
export function knownRules(authorizers: readonly Authorizer[], user: UserInfo, namespace: string): KnownRules {
  const all = authorizers.flatMap((authorizer) => authorizer.knownRules?.(user, namespace) ?? []);
  return { rules: all.flatMap(({ rules }) => rules), problems: all.flatMap(({ problems }) => problems) };
}

/** The sentence a refused user reads, after `… is forbidden: `. Nothing in it is taken for markup. */
export function describe(attributes: AuthorizationAttributes, reason: string): string {
  return inert(actionOf(attributes)) + (reason ? `: ${reason}` : '');
}

function actionOf({ user, verb, isResource, path, group, resource, subresource, namespace }: AuthorizationAttributes): string {
  const who = `User ${goQuote(user.name)} cannot ${verb}`;
  if (!isResource) return `${who} path ${goQuote(path)}`;
  const what = goQuote(subresource ? `${resource}/${subresource}` : resource);
  const where = namespace ? `in the namespace ${goQuote(namespace)}` : 'at the cluster scope';
  return `${who} resource ${what} in API group ${goQuote(group)} ${where}`;
}

const markup: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** A text that browsers show as it is. */
export function inert(text: string): string {
  return text.replace(/[&<>]/g, (character) => markup[character] ?? character);
}
