import { errorMessage } from '@keelson/base';
import { type AuthorizationAnswer, type AuthorizationQuery, authorizerValue, resourceCheckValue } from '@keelson/cel';
import type { AdmissionAttributes } from '../../admission/types.ts';
import type { AuthorizationAttributes, UserInfo } from '../../auth/types.ts';
import type { Services } from '../../http/services.ts';

/** Ends an evaluation that asks what nobody has answered yet. */
class Pending extends Error {
  readonly answered: Promise<unknown>;

  constructor(answered: Promise<unknown>) {
    super('waiting for an authorizer');
    this.answered = answered;
  }
}

/** Answers of authorizers to one request's expressions: each question is asked once. */
export class Decisions {
  readonly #authorize: Services['authorize'];
  readonly #user: UserInfo;
  readonly #answers = new Map<string, AuthorizationAnswer>();

  constructor(authorize: Services['authorize'], user: UserInfo) {
    this.#authorize = authorize;
    this.#user = user;
  }

  /** The variables `authorizer` and `authorizer.requestResource`. */
  variables({ store, subresource, namespace, name }: AdmissionAttributes): Readonly<Record<string, unknown>> {
    const { group, resource } = store.kind;
    const ask = (query: AuthorizationQuery): AuthorizationAnswer => this.#ask(query);
    const about = {
      group,
      resource,
      ...(subresource ? { subresource } : {}),
      ...(namespace ? { namespace } : {}),
      ...(name ? { name } : {}),
    };
    return { authorizer: authorizerValue(ask), 'authorizer.requestResource': resourceCheckValue(ask, about) };
  }

  /** Computes again, after each answer that was waited for. Expressions change nothing, so that they may be begun anew. */
  async settle<T>(compute: () => T): Promise<T> {
    for (;;) {
      try {
        return compute();
      } catch (error) {
        if (!(error instanceof Pending)) throw error;
        await error.answered;
      }
    }
  }

  #ask(query: AuthorizationQuery): AuthorizationAnswer {
    const question = JSON.stringify(query);
    const known = this.#answers.get(question);
    if (known) return known;
    const keep = (answer: AuthorizationAnswer): unknown => this.#answers.set(question, answer);
    throw new Pending(
      this.#authorize(attributesOf(query, this.#user)).then(
        ({ type, reason }) => keep({ allowed: type === 'allow', reason }),
        (error: unknown) => keep({ allowed: false, reason: '', error: errorMessage(error) }),
      ),
    );
  }
}

function attributesOf(query: AuthorizationQuery, requester: UserInfo): AuthorizationAttributes {
  const { verb, path, serviceAccount, group = '', resource = '', subresource = '', namespace = '', name = '' } = query;
  const user = serviceAccount ? accountOf(serviceAccount) : requester;
  if (path !== undefined) return { user, verb, isResource: false, path, version: '', group, resource, subresource, namespace, name };
  const selectors = new URLSearchParams();
  if (query.fieldSelector !== undefined) selectors.set('fieldSelector', query.fieldSelector);
  if (query.labelSelector !== undefined) selectors.set('labelSelector', query.labelSelector);
  const narrowed = selectors.size > 0 ? { query: selectors } : {};
  return { user, verb, isResource: true, path: '', version: '*', group, resource, subresource, namespace, name, ...narrowed };
}

function accountOf({ namespace, name }: NonNullable<AuthorizationQuery['serviceAccount']>): UserInfo {
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
  return { name: `system:serviceaccount:${namespace}:${name}`, groups };
}
