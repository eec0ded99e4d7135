import type { X509Certificate } from 'node:crypto';
import { distrust, parseBundle, subjectOf } from './certificate.ts';

/** Whom a server believes when it says, in headers, on whose behalf it asks: Kubernetes' `--requestheader-*` flags. */
export interface FrontProxyTrust {
  /** PEM. The authority of the proxies' client certificates; of nobody else's. */
  readonly caPem: string;
  /** Common names a proxy's certificate may have; any when empty. */
  readonly allowedNames: readonly string[];
  readonly usernameHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraHeaderPrefixes: readonly string[];
}

/** Header values by name in lower case, each as it was sent: joined values could not be told from one with a comma in it. */
export type DistinctHeaders = Readonly<Record<string, readonly string[] | undefined>>;

export interface ProxiedIdentity {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** Why the bearer of `certificate` may not speak for others, or undefined when it may. */
export function distrustProxy(certificate: X509Certificate, trust: FrontProxyTrust, now: number): string | undefined {
  const reason = distrust(certificate, { caPem: trust.caPem, now, usage: 'client' });
  if (reason) return reason;
  const { commonName } = subjectOf(certificate);
  if (trust.allowedNames.length === 0 || trust.allowedNames.includes(commonName)) return undefined;
  return `x509: subject with cn=${commonName} is not in the allowed list`;
}

/** Whom the headers of a trusted proxy name; undefined when they name no user. */
export function proxiedIdentity(headers: DistinctHeaders, trust: FrontProxyTrust): ProxiedIdentity | undefined {
  const first = (names: readonly string[]): string => names.map((name) => valuesOf(headers, name)[0]).find(Boolean) ?? '';
  const name = first(trust.usernameHeaders);
  if (!name) return undefined;
  const uid = first(trust.uidHeaders);
  const groups = trust.groupHeaders.flatMap((header) => valuesOf(headers, header)).filter(Boolean);
  return { name, ...(uid ? { uid } : {}), groups, extra: extraOf(headers, trust.extraHeaderPrefixes) };
}

function extraOf(headers: DistinctHeaders, prefixes: readonly string[]): Record<string, readonly string[]> {
  const extra: Record<string, string[]> = {};
  for (const header of Object.keys(headers)) {
    for (const prefix of prefixes) {
      if (!header.startsWith(prefix.toLowerCase())) continue;
      const key = unescaped(header.slice(prefix.length));
      extra[key] = [...(extra[key] ?? []), ...valuesOf(headers, header)];
    }
  }
  return extra;
}

/** Node hands out header bytes as Latin-1; names of users are UTF-8. */
function valuesOf(headers: DistinctHeaders, name: string): string[] {
  return (headers[name.toLowerCase()] ?? []).map((value) => Buffer.from(value, 'latin1').toString('utf8'));
}

function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** Certificates a peer may put between its own and an authority. */
const longestChain = 8;

/**
 * Whether a certificate, which the TLS layer verified against several authorities at once, leads to one of these: directly, or by the
 * intermediate certificates that the peer sent. Every link is checked here, for a peer may send certificates that do not belong to it.
 */
export function leadsTo(certificate: X509Certificate, caPem: string): boolean {
  const authorities = parseBundle(caPem);
  let current: X509Certificate | undefined = certificate;
  for (let depth = 0; current && depth < longestChain; depth++) {
    const link: X509Certificate = current;
    if (authorities.some((authority) => isIssuer(authority, link))) return true;
    const next: X509Certificate | undefined = link.issuerCertificate;
    current = next && next.fingerprint256 !== link.fingerprint256 && isIssuer(next, link) ? next : undefined;
  }
  return false;
}

function isIssuer(authority: X509Certificate, certificate: X509Certificate): boolean {
  return authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}
