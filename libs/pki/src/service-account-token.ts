import { createHash, createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { type Clock, errorMessage } from '@keelson/base';
import { algorithmOf } from './keys.ts';

export interface NamedObject {
  readonly name: string;
  readonly uid: string;
}

/** What a service account token states. */
export interface TokenRequest {
  readonly namespace: string;
  readonly serviceAccount: NamedObject;
  /** Objects the token dies with. */
  readonly pod?: NamedObject | undefined;
  readonly secret?: NamedObject | undefined;
  /** The node of the pod, or the object the token is bound to when there is no pod. */
  readonly node?: { readonly name: string; readonly uid?: string | undefined } | undefined;
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  /** Set when the token lives longer than was asked for: seconds after which its use is worth a warning. */
  readonly warnAfterSeconds?: number;
  /** A fresh UUID: the token's credential id. */
  readonly jti: string;
}

/** The claims of a service account token, as on the wire. Times are seconds since the epoch. */
export interface TokenClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: readonly string[];
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
  readonly jti?: string;
  readonly 'kubernetes.io': {
    readonly namespace: string;
    readonly serviceaccount: NamedObject;
    readonly pod?: NamedObject;
    readonly secret?: NamedObject;
    readonly node?: { readonly name: string; readonly uid?: string };
    readonly warnafter?: number;
  };
}

/**
 * - `valid`: signed by one of our keys, in date, for us. `audiences` are those of the token that were accepted.
 * - `foreign`: no token of ours (not a JWT, or another issuer): another authenticator may know it.
 * - `invalid`: claims to be ours and is not to be believed; `reason` is fit for a log, not for the bearer.
 */
export type TokenVerdict =
  | { readonly kind: 'valid'; readonly claims: TokenClaims; readonly audiences: readonly string[] }
  | { readonly kind: 'foreign' }
  | { readonly kind: 'invalid'; readonly reason: string };

export interface TokenSigner {
  readonly issuer: string;
  sign(request: TokenRequest): Promise<string>;
}

export interface TokenVerifier {
  /** `audiences`: what this caller accepts, in place of the verifier's own. */
  verify(token: string, audiences?: readonly string[]): Promise<TokenVerdict>;
}

export interface JsonWebKeySet {
  readonly keys: readonly JsonWebKey[];
}

/** Signs service account tokens with one RSA or EC key. @throws when the text is no such key. */
export function createTokenSigner(privateKeyPem: string, { issuer, clock }: { issuer: string; clock: Clock }): TokenSigner {
  const key = createPrivateKey(privateKeyPem);
  const header = { alg: algorithmOf(key), kid: keyId(createPublicKey(key)) };
  return {
    issuer,
    async sign(request) {
      const { SignJWT } = await import('jose/jwt/sign');
      const claims = claimsFor(request, issuer, clock.now());
      return new SignJWT({ ...claims, aud: [...claims.aud] }).setProtectedHeader(header).sign(key);
    },
  };
}

/** The claims of a token issued at `now` (milliseconds), members in Kubernetes' order. */
export function claimsFor(request: TokenRequest, issuer: string, now: number): TokenClaims {
  const { namespace, serviceAccount, pod, secret, node, warnAfterSeconds } = request;
  const iat = Math.floor(now / 1000);
  return {
    aud: [...request.audiences],
    exp: iat + request.expirationSeconds,
    iat,
    iss: issuer,
    jti: request.jti,
    'kubernetes.io': {
      namespace,
      ...(node && { node: node.uid === undefined ? { name: node.name } : { name: node.name, uid: node.uid } }),
      ...(pod && { pod: { name: pod.name, uid: pod.uid } }),
      ...(secret && { secret: { name: secret.name, uid: secret.uid } }),
      serviceaccount: { name: serviceAccount.name, uid: serviceAccount.uid },
      ...(warnAfterSeconds !== undefined && { warnafter: iat + warnAfterSeconds }),
    },
    nbf: iat,
    sub: `system:serviceaccount:${namespace}:${serviceAccount.name}`,
  };
}

export interface VerifierOptions {
  readonly issuers: readonly string[];
  /** Audiences of the API server itself: a token must be for one of them. */
  readonly audiences: readonly string[];
  readonly clock: Clock;
}

/** Verifies tokens made with any of the keys. No leeway is given on times, as upstream. @throws when a key is not PEM. */
export function createTokenVerifier(publicKeysPem: readonly string[], options: VerifierOptions): TokenVerifier {
  const keys = publicKeysPem.map((pem) => createPublicKey(pem)).map((key) => ({ key, id: keyId(key), algorithm: algorithmOf(key) }));
  return {
    async verify(token, audiences = options.audiences) {
      const parts = unverified(token);
      if (!parts || !options.issuers.includes(String(parts.payload.iss))) return { kind: 'foreign' };
      const named = keys.filter(({ id }) => id === parts.header.kid);
      const { compactVerify } = await import('jose/jws/compact/verify');
      let reason = 'no service account key';
      for (const { key, algorithm } of named.length > 0 ? named : keys) {
        try {
          await compactVerify(token, key, { algorithms: [algorithm] });
          return judge(parts.payload, audiences, Math.floor(options.clock.now() / 1000));
        } catch (error) {
          reason = errorMessage(error);
        }
      }
      return { kind: 'invalid', reason };
    },
  };
}

/** Whether claims whose signature holds are to be accepted at `now` (seconds) by someone known under `accepted`. */
export function judge(payload: Record<string, unknown>, accepted: readonly string[], now: number): TokenVerdict {
  const invalid = (reason: string): TokenVerdict => ({ kind: 'invalid', reason });
  const claims = wellFormed(payload);
  if (!claims) return invalid('service account token has no valid kubernetes.io claims');
  if (now > claims.exp) return invalid('service account token has expired');
  if (now < claims.nbf) return invalid('service account token is not valid yet');
  const audiences = claims.aud.filter((audience) => accepted.includes(audience));
  if (audiences.length === 0)
    return invalid(`token audiences ${JSON.stringify(claims.aud)} is invalid for the target audiences ${JSON.stringify(accepted)}`);
  return { kind: 'valid', claims, audiences };
}

function wellFormed(payload: Record<string, unknown>): TokenClaims | undefined {
  const ours = payload['kubernetes.io'];
  if (!isRecord(ours) || !isRecord(ours.serviceaccount)) return undefined;
  const { name, uid } = ours.serviceaccount;
  if (payload.sub !== `system:serviceaccount:${String(ours.namespace)}:${String(name)}` || typeof uid !== 'string') return undefined;
  if (![payload.exp, payload.nbf, payload.iat].every((time) => typeof time === 'number')) return undefined;
  const aud = payload.aud;
  return { ...payload, aud: Array.isArray(aud) ? aud.map(String) : [String(aud)] } as unknown as TokenClaims;
}

/** What a JWT says before anything is proved, or undefined when it is none. */
function unverified(token: string): { header: Record<string, unknown>; payload: Record<string, unknown> } | undefined {
  const [header, payload, , ...more] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString());
  if (header === undefined || payload === undefined || more.length > 0) return undefined;
  try {
    const parsed: unknown[] = [JSON.parse(header), JSON.parse(payload)];
    return isRecord(parsed[0]) && isRecord(parsed[1]) ? { header: parsed[0], payload: parsed[1] } : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The `kid` of a key: base64url of the SHA-256 of its DER public key, as upstream derives it. */
function keyId(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
}

/** The keys as served under `/openid/v1/jwks`. @throws when a key is not PEM. */
export function publicKeySet(publicKeysPem: readonly string[]): JsonWebKeySet {
  return {
    keys: publicKeysPem.map((pem) => {
      const key = createPublicKey(pem);
      return { use: 'sig', ...key.export({ format: 'jwk' }), kid: keyId(key), alg: algorithmOf(key) };
    }),
  };
}
