import { add, type Cost, perByte, scale, unknownSize } from '../costs.ts';
import { fn, type Overload } from '../declare.ts';
import type { CelType } from '../types.ts';
import { Opaque, sizeOf } from '../values.ts';

/** What an expression asks the authorizer. */
export interface AuthorizationQuery {
  readonly verb: string;
  /** Another user than the request's: `system:serviceaccount:…`. */
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
  /** A path that is no resource's; the rest is then not set. */
  readonly path?: string;
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

export interface AuthorizationAnswer {
  readonly allowed: boolean;
  readonly reason: string;
  /** Why it could not be decided. */
  readonly error?: string;
}

/** May throw what ends the evaluation at once, as long as that is no EvaluationError: the answer is not there yet. */
export type Ask = (query: AuthorizationQuery) => AuthorizationAnswer;

type Query = Omit<AuthorizationQuery, 'verb'>;

const types = {
  authorizer: 'kubernetes.authorization.Authorizer',
  path: 'kubernetes.authorization.PathCheck',
  group: 'kubernetes.authorization.GroupCheck',
  resource: 'kubernetes.authorization.ResourceCheck',
  decision: 'kubernetes.authorization.Decision',
} as const;

export const authorizerType: CelType = { kind: 'opaque', name: types.authorizer };
export const resourceCheckType: CelType = { kind: 'opaque', name: types.resource };

/** A question that is being put together. */
class Check extends Opaque {
  readonly typeName: string;
  readonly ask: Ask;
  readonly query: Query;

  constructor(typeName: string, ask: Ask, query: Query) {
    super();
    this.typeName = typeName;
    this.ask = ask;
    this.query = query;
  }

  get identity(): string {
    return JSON.stringify(this.query);
  }

  /** The same question, saying more. */
  with(typeName: string, more: Query): Check {
    return new Check(typeName, this.ask, { ...this.query, ...more });
  }
}

class Decision extends Opaque {
  readonly typeName = types.decision;
  readonly answer: AuthorizationAnswer;

  constructor(answer: AuthorizationAnswer) {
    super();
    this.answer = answer;
  }

  get identity(): string {
    return JSON.stringify(this.answer);
  }
}

/** The variable `authorizer`. */
export function authorizerValue(ask: Ask): unknown {
  return new Check(types.authorizer, ask, {});
}

/** The variable `authorizer.requestResource`: what the request is about. */
export function resourceCheckValue(ask: Ask, query: Query): unknown {
  return new Check(types.resource, ask, query);
}

/** Allows for two checks in an expression. */
const checking: Cost = { actual: () => 350_000, estimate: () => ({ cost: { min: 350_000, max: 350_000 } }) };
/** A selector is a list of requirements, each a struct with a list; the shortest takes two characters. */
const selecting: Cost = {
  actual: ([, text]) => 10 + Math.ceil(sizeOf(text) * perByte) + Math.ceil(sizeOf(text) / 2) * 50,
  estimate: ([, text]) => {
    const size = text?.size ?? unknownSize;
    return { cost: [scale(size, perByte), scale(scale(size, 0.5), 50)].reduce(add, { min: 10, max: 10 }) };
  },
};
const check = (asked: Check, verb: string): Decision => new Decision(asked.ask({ ...asked.query, verb }));

const narrowing = ['subresource', 'namespace', 'name'] as const;
const selectors = ['fieldSelector', 'labelSelector'] as const;
const { authorizer, path, group, resource, decision } = types;

export const authorization: readonly Overload[] = [
  fn(`${authorizer}.path(string): ${path}`, (asked: Check, text: string) => asked.with(path, { path: text })),
  fn(`${authorizer}.group(string): ${group}`, (asked: Check, name: string) => asked.with(group, { group: name })),
  fn(`${authorizer}.serviceAccount(string, string): ${authorizer}`, (asked: Check, namespace: string, name: string) =>
    asked.with(authorizer, { serviceAccount: { namespace, name } }),
  ),
  fn(`${group}.resource(string): ${resource}`, (asked: Check, name: string) => asked.with(resource, { resource: name })),
  ...narrowing.map((part) =>
    fn(`${resource}.${part}(string): ${resource}`, (asked: Check, text: string) => asked.with(resource, { [part]: text })),
  ),
  ...selectors.map((part) =>
    fn(`${resource}.${part}(string): ${resource}`, (asked: Check, text: string) => asked.with(resource, { [part]: text }), selecting),
  ),
  fn(`${path}.check(string): ${decision}`, check, checking),
  fn(`${resource}.check(string): ${decision}`, check, checking),
  fn(`${decision}.allowed(): bool`, ({ answer }: Decision) => answer.allowed),
  fn(`${decision}.reason(): string`, ({ answer }: Decision) => answer.reason),
  fn(`${decision}.errored(): bool`, ({ answer }: Decision) => answer.error !== undefined),
  fn(`${decision}.error(): string`, ({ answer }: Decision) => answer.error ?? ''),
];
