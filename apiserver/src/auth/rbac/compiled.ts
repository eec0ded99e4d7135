import type { PolicyRule } from '@keelson/types';
import type { AuthorizationAttributes, Decision } from '../types.ts';
import { grants } from './rules.ts';

/** A role somebody holds; without rules where the binding names a role that is not there. */
export interface HeldRole {
  readonly rules: readonly PolicyRule[] | undefined;
  /** The binding, as a decision's reason names it. */
  readonly text: string;
  /** The role, as errors name it. */
  readonly missing: string;
}

interface Candidate {
  /** Its place among all that the user holds: of two that allow, the first is the reason. */
  readonly order: number;
  readonly rule: PolicyRule;
  readonly text: string;
}

/** All that one user holds in one namespace, laid out by resource: a decision looks at the rules that name it, or any. */
export class CompiledRoles {
  readonly rules: readonly PolicyRule[];
  readonly #byResource = new Map<string, Candidate[]>();
  readonly #ofPaths: Candidate[] = [];
  readonly #nothing: Decision;

  constructor(held: readonly HeldRole[]) {
    this.rules = held.flatMap(({ rules }) => rules ?? []);
    const all = held.flatMap(({ rules, text }) => (rules ?? []).map((rule) => ({ rule, text })));
    for (const [order, { rule, text }] of all.entries()) this.#keep({ order, rule, text });
    const missing = [...new Set(held.flatMap(({ rules, missing: name }) => (rules ? [] : [name])))];
    const reason = missing.length > 1 ? `RBAC: [${missing.join(', ')}]` : missing.map((name) => `RBAC: ${name}`).join('');
    this.#nothing = { type: 'noOpinion', reason };
  }

  decide(asked: AuthorizationAttributes): Decision {
    const first = this.#candidatesFor(asked)
      .map((candidates) => candidates.find(({ rule }) => grants(rule, asked)))
      .reduce((a, b) => (a && b ? (a.order < b.order ? a : b) : (a ?? b)), undefined);
    return first ? { type: 'allow', reason: `RBAC: allowed by ${first.text}` } : this.#nothing;
  }

  #keep(candidate: Candidate): void {
    const { resources = [], nonResourceURLs = [] } = candidate.rule;
    if (nonResourceURLs.length > 0) this.#ofPaths.push(candidate);
    for (const resource of new Set(resources)) {
      const known = this.#byResource.get(resource);
      if (known) known.push(candidate);
      else this.#byResource.set(resource, [candidate]);
    }
  }

  #candidatesFor({ isResource, resource, subresource }: AuthorizationAttributes): readonly (readonly Candidate[])[] {
    if (!isResource) return [this.#ofPaths];
    const names = subresource ? [`${resource}/${subresource}`, '*', `*/${subresource}`] : [resource, '*'];
    return names.map((name) => this.#byResource.get(name) ?? []);
  }
}
