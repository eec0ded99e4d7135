import type { Clock, Random } from '@keelson/base';
import type { Api } from '@keelson/client';
import { type Kind, type Pod, ServiceAccount, type TokenRequest } from '@keelson/types';
import { podSpec } from '../pod/containers.ts';
import { podName, podNamespace, podUid } from '../pod/naming.ts';
import type { TokenWish } from './references.ts';

interface Held {
  readonly token: string;
  readonly refreshAt: number;
  readonly expiresAt: number;
}

/** Service account tokens bound to pods, kept until four fifths of their life (at most a day) have passed. */
export class Tokens {
  readonly #held = new Map<string, Held>();
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(api: Api, clock: Clock, random: Random) {
    this.#api = api;
    this.#clock = clock;
    this.#random = random;
  }

  /** @throws ApiError when the server refuses and no token that is still good is held. */
  async get(pod: Pod, wish: TokenWish): Promise<string> {
    return (await this.hold(pod, wish)).token;
  }

  /** As `get`, with the time in milliseconds at which the token expires. */
  async hold(pod: Pod, wish: TokenWish): Promise<{ readonly token: string; readonly expiresAt: number }> {
    const key = `${podUid(pod)}/${wish.audience}/${wish.expirationSeconds}`;
    const held = this.#held.get(key);
    if (held && held.refreshAt > this.#clock.now()) return held;
    try {
      const fresh = this.#heldOf((await this.#request(pod, wish)).status);
      this.#held.set(key, fresh);
      return fresh;
    } catch (error) {
      if (held && held.expiresAt > this.#clock.now()) return held;
      throw error;
    }
  }

  #heldOf(status: TokenRequest['status']): Held {
    const now = this.#clock.now();
    const expiresAt = status?.expirationTimestamp ? Date.parse(status.expirationTimestamp) : now;
    const life = Math.min((expiresAt - now) * 0.8, 24 * 3600 * 1000);
    // Spread over ten seconds, so that pods started together do not ask together for ever.
    return { token: status?.token ?? '', expiresAt, refreshAt: now + life - this.#random.next() * 10_000 };
  }

  forget(uid: string): void {
    for (const key of this.#held.keys()) if (key.startsWith(`${uid}/`)) this.#held.delete(key);
  }

  #request(pod: Pod, wish: TokenWish): Promise<TokenRequest> {
    const name = podSpec(pod).serviceAccountName || 'default';
    const request = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: { name, namespace: podNamespace(pod) },
      spec: {
        audiences: wish.audience ? [wish.audience] : [],
        expirationSeconds: wish.expirationSeconds,
        boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: podName(pod), uid: podUid(pod) },
      },
    };
    // The subresource speaks another kind than the object it belongs to.
    const kind = ServiceAccount as unknown as Kind<TokenRequest>;
    return this.#api.create<TokenRequest>(kind, request as TokenRequest, { subresource: 'token' });
  }
}
