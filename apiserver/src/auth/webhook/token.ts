import { type Clock, errorMessage, type Logger } from '@keelson/base';
import { Expiring } from '../expiring.ts';
import type { Authentication, TokenAuthenticator } from '../types.ts';
import type { ReviewEndpoint } from './endpoint.ts';

export interface TokenWebhookOptions {
  readonly endpoint: ReviewEndpoint;
  /** Of the TokenReview that is sent: `v1` or `v1beta1`. */
  readonly version: string;
  /** Milliseconds an answer holds. */
  readonly life: number;
  /** Audiences of this server, meant by an answer that names none. */
  readonly audiences: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** Answers kept at a time. */
const remembered = 4_096;

interface ReviewStatus {
  readonly authenticated?: boolean;
  readonly user?: { username?: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> };
  readonly audiences?: string[];
  readonly error?: string;
}

/** Tokens that another server knows, asked by TokenReview. What it answered holds for a while; that it did not answer is not remembered. */
export function tokenWebhook({ endpoint, version, life, audiences: own, clock, log }: TokenWebhookOptions): TokenAuthenticator {
  const known = new Expiring<Authentication>(clock, remembered);
  const apiVersion = `authentication.k8s.io/${version}`;
  return {
    name: 'token-webhook',
    async identify(token, audiences) {
      const key = JSON.stringify([token, audiences]);
      const before = known.get(key);
      if (before) return before;
      try {
        const { status } = await endpoint.post({ apiVersion, kind: 'TokenReview', spec: { token, audiences } });
        const result = verdict((status ?? {}) as ReviewStatus, audiences, own);
        known.set(key, result, life);
        return result;
      } catch (error) {
        log.warn('the token webhook does not answer', { err: errorMessage(error) });
        return { type: 'invalid', message: 'the token webhook does not answer' };
      }
    },
  };
}

/** What a TokenReview's status says. A server that knows nothing of audiences means this one. */
export function verdict(status: ReviewStatus, asked: readonly string[], own: readonly string[]): Authentication {
  const { authenticated, user, audiences = own, error } = status;
  if (authenticated !== true) return error ? { type: 'invalid', message: error } : { type: 'absent' };
  if (!user?.username) return { type: 'invalid', message: 'the token webhook names no user' };
  const meant = asked.filter((audience) => audiences.includes(audience));
  if (meant.length === 0) return { type: 'invalid', message: 'the token is not for the audiences that were asked for' };
  const { username: name, uid, groups = [], extra } = user;
  return { type: 'authenticated', user: { name, uid, groups, extra }, audiences: meant };
}
