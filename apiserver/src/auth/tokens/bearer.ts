import type { HttpRequestLike } from '@keelson/client';
import type { Authentication, Authenticator, TokenAuthenticator } from '../types.ts';

const tokenProtocol = 'base64url.bearer.authorization.k8s.io.';

/** Bearer tokens, whoever knows them. A token that nobody knows is a bad credential, not an absent one. */
export function bearerAuthenticator(tokens: TokenAuthenticator, audiences: readonly string[]): Authenticator {
  return {
    name: 'bearer-token',
    async authenticate(request) {
      const token = bearerIn(request.headers);
      if (token === undefined) return { type: 'absent' };
      const result = await tokens.identify(token, audiences);
      return result.type === 'absent' ? { type: 'invalid', message: 'invalid bearer token' } : result;
    },
  };
}

/** The token a request shows: in `Authorization: Bearer`, or as the subprotocol by which WebSocket clients in browsers send it. */
export function bearerIn(headers: HttpRequestLike['headers']): string | undefined {
  const { authorization, upgrade, 'sec-websocket-protocol': protocols } = headers;
  // Exactly one space, as upstream: after two there is no token.
  const [scheme, token] = String(authorization ?? '')
    .trim()
    .split(' ');
  if (scheme?.toLowerCase() === 'bearer' && token) return token;
  if (String(upgrade ?? '').toLowerCase() !== 'websocket') return undefined;
  const named = String(protocols ?? '').split(',');
  const encoded = named.map((name) => name.trim()).filter((name) => name.startsWith(tokenProtocol));
  if (encoded.length !== 1) return undefined;
  return Buffer.from((encoded[0] ?? '').slice(tokenProtocol.length), 'base64url').toString() || undefined;
}

/** The subprotocols of a WebSocket without those that are tokens, for who is not to learn them. */
export function withoutBearers(protocols: string): string {
  const named = protocols.split(',').map((name) => name.trim());
  return named.filter((name) => !name.startsWith(tokenProtocol)).join(', ');
}

/** Several kinds of tokens as one: the first that knows a token decides whose it is; what went wrong is told only when none does. */
export function anyToken(authenticators: readonly TokenAuthenticator[]): TokenAuthenticator {
  return {
    name: 'any-token',
    async identify(token, audiences) {
      const messages: string[] = [];
      for (const authenticator of authenticators) {
        const result = await authenticator.identify(token, audiences);
        if (result.type === 'authenticated') return result;
        if (result.type === 'invalid') messages.push(result.message);
      }
      if (messages.length === 0) return { type: 'absent' };
      return { type: 'invalid', message: messages.length > 1 ? `[${messages.join(', ')}]` : (messages[0] ?? '') };
    },
  };
}

/** Tokens that name no audience of Kubernetes' are meant for this server, `own`, and for nobody else. */
export function forThisServer(inner: TokenAuthenticator, own: readonly string[]): TokenAuthenticator {
  return {
    name: inner.name,
    async identify(token, audiences): Promise<Authentication> {
      const meant = audiences.filter((audience) => own.includes(audience));
      if (meant.length === 0) return { type: 'absent' };
      const result = await inner.identify(token, audiences);
      return result.type === 'authenticated' ? { ...result, audiences: meant } : result;
    },
  };
}
