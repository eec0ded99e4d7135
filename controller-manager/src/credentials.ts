import { type Clock, rfc3339 } from '@keelson/base';
import type { Api } from '@keelson/client';
import { parseTime } from '@keelson/machinery';
import { ServiceAccount, TokenRequest } from '@keelson/types';
import { isAlreadyThere, isGone } from './api-errors.ts';

const namespace = 'kube-system';

/** Seconds a token is asked for. */
const lifetime = 3600;

/** Of a token's life, the part after which the next one is fetched. */
const spent = 0.8;

export interface TokenSource {
  /** A token that is good for a while yet. Callers at the same time share one request. */
  get(): Promise<string>;
  /** When the server did not accept it. */
  forget(): void;
}

/** Tokens of a service account of kube-system, which is made when it is missing. `api` is that of whoever may do so. */
export function serviceAccountTokens(api: Api, name: string, clock: Clock): TokenSource {
  let current: { readonly token: string; readonly renewAt: number } | undefined;
  let asking: Promise<string> | undefined;
  const renew = async (): Promise<string> => {
    try {
      const asked = clock.now();
      const { token, expires } = await requestToken(api, name, asked);
      current = { token, renewAt: asked + (expires - asked) * spent };
      return token;
    } finally {
      asking = undefined;
    }
  };
  return {
    async get() {
      if (current && clock.now() < current.renewAt) return current.token;
      asking ??= renew();
      return asking;
    },
    forget() {
      current = undefined;
    },
  };
}

async function requestToken(api: Api, name: string, now: number): Promise<{ token: string; expires: number }> {
  const request = (): Promise<TokenRequest> =>
    api.create(
      TokenRequest,
      {
        apiVersion: TokenRequest.apiVersion,
        kind: TokenRequest.kind,
        metadata: { name, namespace },
        spec: { audiences: [], expirationSeconds: lifetime },
      },
      { subresource: 'token' },
    );
  const { status } = await request().catch(async (error: unknown) => {
    if (!isGone(error)) throw error;
    await ensureServiceAccount(api, name);
    return request();
  });
  if (!status?.token) throw new Error(`the server made no token for service account ${namespace}/${name}`);
  return { token: status.token, expires: parseTime(status.expirationTimestamp) ?? parseTime(rfc3339(now + lifetime * 1000)) ?? now };
}

async function ensureServiceAccount(api: Api, name: string): Promise<void> {
  try {
    await api.create(ServiceAccount, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } });
  } catch (error) {
    if (!isAlreadyThere(error)) throw error;
  }
}
