import { type Clock, errorMessage, type Logger } from '@keelson/base';
import { Expiring } from '../expiring.ts';
import type { Authorizer, Decision } from '../types.ts';
import { conditionsOf } from './conditions.ts';
import type { ReviewEndpoint } from './endpoint.ts';
import { specOf } from './review.ts';

export interface AuthorizationWebhookOptions {
  /** As messages call it. */
  readonly name: string;
  readonly endpoint: ReviewEndpoint;
  /** Of the SubjectAccessReview that is sent: `v1` or `v1beta1`. */
  readonly version: string;
  /** Milliseconds an answer holds; 0 for not at all. */
  readonly authorizedLife: number;
  readonly unauthorizedLife: number;
  /** What holds when the webhook does not answer, or whether to ask it cannot be told. */
  readonly failurePolicy: 'NoOpinion' | 'Deny';
  /** Expressions over `request` that must all be true for the webhook to be asked. */
  readonly matchConditions: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
}

const remembered = 8_192;
/** Characters of a question whose answer is remembered: nobody fills the memory with long names. */
const longestKey = 10_000;

interface ReviewStatus {
  readonly allowed?: boolean;
  readonly denied?: boolean;
  readonly reason?: string;
}

/** Decisions by another server, asked by SubjectAccessReview. */
export function authorizationWebhook(options: AuthorizationWebhookOptions): Authorizer {
  const { name, endpoint, version, clock, log } = options;
  const known = new Expiring<Decision>(clock, remembered);
  const conditions = conditionsOf(options.matchConditions);
  const apiVersion = `authorization.k8s.io/${version}`;
  const failed = (message: string, error: string): Decision => {
    log.warn(message, { webhook: name, err: error });
    return { type: options.failurePolicy === 'Deny' ? 'deny' : 'noOpinion', reason: '', error };
  };
  return {
    name,
    knownRules: () => ({ rules: [], problems: ['webhook authorizer does not support user rule resolution'] }),
    async authorize(asked) {
      const spec = specOf(asked);
      const met = conditions(spec);
      if (met.type === 'unmet') return { type: 'noOpinion', reason: '' };
      if (met.type === 'failed') return failed('a match condition of the authorization webhook cannot be computed', met.why);
      const key = JSON.stringify(spec);
      const before = known.get(key);
      if (before) return before;
      try {
        const sent = version === 'v1' ? spec : beta(spec);
        const { status } = await endpoint.post({ apiVersion, kind: 'SubjectAccessReview', spec: sent });
        const found = (status ?? {}) as ReviewStatus;
        const decision = verdict(found);
        if (key.length <= longestKey) known.set(key, decision, found.allowed === true ? options.authorizedLife : options.unauthorizedLife);
        return decision;
      } catch (error) {
        return failed('the authorization webhook does not answer', errorMessage(error));
      }
    },
  };
}

/** v1beta1 has `group` where v1 has `groups`. */
function beta({ groups, ...spec }: ReturnType<typeof specOf>): object {
  return { ...spec, group: groups };
}

/** What a SubjectAccessReview's status says; who says both is at fault, and denies. */
export function verdict({ allowed, denied, reason = '' }: ReviewStatus): Decision {
  if (allowed === true && denied === true)
    return { type: 'deny', reason, error: 'webhook subject access review returned both allow and deny response' };
  if (allowed === true) return { type: 'allow', reason };
  return { type: denied === true ? 'deny' : 'noOpinion', reason };
}
