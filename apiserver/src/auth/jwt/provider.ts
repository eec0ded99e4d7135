import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { type Clock, errorMessage } from '@keelson/base';
import { httpTransport, type Transport } from '@keelson/client';
import { readAtMost } from '../read-at-most.ts';
import type { JwtIssuer } from './types.ts';

/** Milliseconds. Keys are asked for again after that, or sooner when a token names one that is not known. */
const keysLive = 5 * 60_000;
/** An issuer is not asked more often, whatever tokens come. */
const pause = 10_000;
const timeout = 30_000;
/** Bytes of a discovery document or key set. */
const largest = 1024 * 1024;

export interface SigningKey {
  readonly id: string | undefined;
  /** The only algorithm it is for, where the issuer says. */
  readonly algorithm: string | undefined;
  readonly key: KeyObject;
}

/** Fetches a JSON document from an issuer. @throws Error in words. */
export type Fetch = (url: string) => Promise<unknown>;

/** Fetches a text. @param token sent as a bearer token, unless it is empty. @throws Error in words. */
export type FetchText = (url: string, token?: string) => Promise<string>;

/** An issuer's public keys, found by its discovery document, cached and asked for again as they change. */
export class IssuerKeys {
  readonly #issuer: JwtIssuer;
  readonly #clock: Clock;
  readonly #fetch: Fetch;
  #keys: readonly SigningKey[] | undefined;
  #keySet: string | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;
  #problem = 'oidc: authenticator not initialized';

  constructor(issuer: JwtIssuer, clock: Clock, fetch: Fetch) {
    this.#issuer = issuer;
    this.#clock = clock;
    this.#fetch = fetch;
  }

  /** Keys that may have signed a token with this header. @throws Error while the issuer was never reached. */
  async find(id: string | undefined): Promise<readonly SigningKey[]> {
    const stale = !this.#keys || this.#clock.now() - this.#askedAt > keysLive;
    if (stale) await this.refresh();
    let found = this.#matching(id);
    if (found.length === 0) {
      await this.refresh();
      found = this.#matching(id);
    }
    if (!this.#keys) throw new Error(this.#problem);
    return found;
  }

  /** Asks the issuer, unless that was done a moment ago. Keys that were known stay while it does not answer. */
  async refresh(): Promise<void> {
    if (!this.#asking) {
      if (this.#clock.now() - this.#askedAt < pause) return;
      this.#askedAt = this.#clock.now();
      this.#asking = this.#ask()
        .catch((error) => {
          this.#problem = `oidc: authenticator for issuer "${this.#issuer.url}" is not initialized: ${errorMessage(error)}`;
        })
        .finally(() => {
          this.#asking = undefined;
        });
    }
    await this.#asking;
  }

  #matching(id: string | undefined): readonly SigningKey[] {
    return (this.#keys ?? []).filter((key) => id === undefined || key.id === undefined || key.id === id);
  }

  async #ask(): Promise<void> {
    this.#keySet ??= await this.#discover();
    this.#keys = keysIn(await this.#fetch(this.#keySet));
  }

  async #discover(): Promise<string> {
    const { url, discoveryURL } = this.#issuer;
    const document = (await this.#fetch(discoveryURL || `${url.replace(/\/$/, '')}/.well-known/openid-configuration`)) as {
      issuer?: unknown;
      jwks_uri?: unknown;
    } | null;
    if (document?.issuer !== url)
      throw new Error(`oidc: issuer did not match the issuer returned by provider, expected "${url}" got "${document?.issuer}"`);
    if (typeof document.jwks_uri !== 'string' || !document.jwks_uri.startsWith('https://'))
      throw new Error('oidc: the discovery document names no jwks_uri of scheme https');
    return document.jwks_uri;
  }
}

/** The signing keys of a JSON Web Key Set; those of kinds we do not know, and secrets, are passed over. @throws Error when it is none. */
export function keysIn(set: unknown): SigningKey[] {
  const { keys } = (set ?? {}) as { keys?: unknown };
  if (!Array.isArray(keys)) throw new Error('the key set has no member "keys"');
  return keys.flatMap((jwk: JsonWebKey & { kid?: string; alg?: string; use?: string }) => {
    if (jwk?.use !== undefined && jwk.use !== 'sig') return [];
    if (jwk?.kty !== 'RSA' && jwk?.kty !== 'EC') return [];
    try {
      return [{ id: jwk.kid, algorithm: jwk.alg, key: createPublicKey({ key: jwk, format: 'jwk' }) }];
    } catch {
      return [];
    }
  });
}

/** Documents of an issuer. */
export function fetchJson(fetch: FetchText): Fetch {
  return async (url) => {
    const text = await fetch(url);
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new Error(`Get "${url}": ${errorMessage(error)}`);
    }
  };
}

/** Asks issuers by HTTPS. @param caData PEM; the machine's own authorities when absent. */
export function issuerFetch(caData: string | undefined, clock: Clock): FetchText {
  return async (url, token) => {
    const abort = new AbortController();
    const timer = clock.after(timeout, () => abort.abort(new Error('context deadline exceeded')));
    let transport: Transport | undefined;
    try {
      const { origin, pathname, search, protocol } = new URL(url);
      if (protocol !== 'https:') throw new Error(`unsupported protocol scheme "${protocol.slice(0, -1)}"`);
      transport = httpTransport({ server: origin, userAgent: 'kube-apiserver', caData });
      const headers = { accept: 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) };
      const response = await transport.send({ method: 'GET', path: pathname + search, headers, signal: abort.signal });
      const text = await readAtMost(response.chunks, largest);
      if (response.status !== 200) throw new Error(`${response.status}: ${text.slice(0, 200)}`);
      return text;
    } catch (error) {
      throw new Error(`Get "${url}": ${errorMessage(error)}`);
    } finally {
      timer.cancel();
      transport?.close();
    }
  };
}
