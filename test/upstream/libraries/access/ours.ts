import {
  auditConfigOf,
  parseAuthenticationConfig,
  parseAuthorizationConfig,
  parseEncryption,
  parsePolicy,
  parseRequest,
  refusal,
  userFrom,
} from '@keelson/apiserver';

const ignore = (): void => undefined;
const unsealed = { prefix: '', seal: () => Promise.reject(new Error('nothing is sealed')) };

/** @throws Error naming what is wrong with a document that configures a server. */
export function check(text: string, reload: boolean): void {
  const document = JSON.parse(text) as { readonly kind: string };
  if (document.kind === 'AuthenticationConfiguration') parseAuthenticationConfig(text, ['https://own.example']);
  else if (document.kind === 'AuthorizationConfiguration') parseAuthorizationConfig(text);
  else parseEncryption(document, { kms: () => unsealed as never, reload });
}

/** @throws Error naming what is wrong with an audit policy. */
export function policy(text: string): void {
  parsePolicy(text, ignore);
}

/** How a policy has a request of somebody audited. */
export function audited(
  text: string,
  method: string,
  url: string,
  user: { readonly name: string; readonly groups: readonly string[] },
): string {
  const { level, omitStages, omitManagedFields } = auditConfigOf(parsePolicy(text, ignore), parseRequest(method, url), user);
  return `${level} [${[...omitStages].sort().join(' ')}] ${omitManagedFields}`;
}

/** Whom claims stand for by the one issuer of a document, `now` in milliseconds; or why nobody. */
export function identified(text: string, claimsText: string, now: number): unknown {
  const [config] = parseAuthenticationConfig(text, []).jwt;
  const claims = JSON.parse(claimsText) as Record<string, unknown>;
  if (!config || claims.iss !== config.issuer.url) return 'absent';
  const problem = refusal(claims, config, now);
  if (problem) return `oidc: verify token: ${problem}`;
  const found = userFrom(claims, config);
  if (found.type === 'refused') return found.reason;
  const { name, uid = '', groups, extra = null } = found.user;
  return { extra: extra && sorted(extra), groups, name, uid };
}

/** As Go writes a map. */
function sorted<T>(members: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1)));
}
