import type { AuthorizationAttributes, Authorizer, Decision, KnownRules, UserInfo } from './types.ts';

/** Asks each authorizer until one has an opinion. Nobody's opinion is a no. */
export async function authorize(authorizers: readonly Authorizer[], attributes: AuthorizationAttributes): Promise<Decision> {
  const reasons: string[] = [];
  for (const authorizer of authorizers) {
    const pending = authorizer.authorize(attributes);
    const decision = 'type' in pending ? pending : await pending;
    if (decision.type !== 'noOpinion') return decision;
    if (decision.reason) reasons.push(decision.reason);
  }
  return { type: 'noOpinion', reason: reasons.join('\n') };
}

/** What all authorizers together would grant a user. */
export function knownRules(authorizers: readonly Authorizer[], user: UserInfo, namespace: string): KnownRules {
  const all = authorizers.flatMap((authorizer) => authorizer.knownRules?.(user, namespace) ?? []);
  return { rules: all.flatMap(({ rules }) => rules), problems: all.flatMap(({ problems }) => problems) };
}

/** The sentence a refused user reads, after `… is forbidden: `. */
export function describe(attributes: AuthorizationAttributes, reason: string): string {
  const { user, verb, isResource, path, group, resource, subresource, namespace } = attributes;
  const tail = reason ? `: ${reason}` : '';
  if (!isResource) return `User ${JSON.stringify(user.name)} cannot ${verb} path ${JSON.stringify(path)}${tail}`;
  const what = JSON.stringify(subresource ? `${resource}/${subresource}` : resource);
  const where = namespace ? ` in the namespace ${JSON.stringify(namespace)}` : ' at the cluster scope';
  return `User ${JSON.stringify(user.name)} cannot ${verb} resource ${what} in API group ${JSON.stringify(group)}${where}${tail}`;
}
