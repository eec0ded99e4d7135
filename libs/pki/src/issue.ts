import type { Clock } from '@keelson/base';
import { type Credential, certify, publicDer, signLeaf } from './certify.ts';
import { generateKey, type KeyType, pemOfPrivateKey } from './keys.ts';
import * as x509 from './x509.ts';

export interface AuthorityRequest {
  readonly commonName: string;
  readonly days: number;
  readonly clock: Clock;
  readonly keyType?: KeyType;
}

/** Whom a certificate is for. */
export interface RequestedSubject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly uids?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ips?: readonly string[];
}

/** By whom it is signed, for what, for how long. */
export interface Terms {
  readonly ca: Credential;
  readonly usages: readonly x509.Usage[];
  /** Fractions are fine. A certificate never outlives its CA. */
  readonly days: number;
  readonly clock: Clock;
}

const backdate = 5 * 60_000;
const day = 86_400_000;

/** A self-signed certificate authority. Valid from five minutes ago, so that a peer whose clock is behind accepts it at once. */
export async function createCA({ commonName, days, clock, keyType = 'EC' }: AuthorityRequest): Promise<Credential> {
  const key = await generateKey(keyType);
  const name = x509.subjectName(commonName, []);
  const publicKey = publicDer(key);
  const certPem = certify(key, {
    issuer: name,
    subject: name,
    publicKey,
    notBefore: clock.now() - backdate,
    notAfter: clock.now() + days * day,
    extensions: x509.authorityExtensions(commonName, publicKey),
  });
  return { certPem, keyPem: pemOfPrivateKey(key) };
}

/** A new key and a certificate for it, signed by the CA. @throws when the CA is not PEM, or an address is none. */
export async function issue(request: RequestedSubject & Terms & { readonly keyType?: KeyType }): Promise<Credential> {
  const { ca, clock, days } = request;
  const key = await generateKey(request.keyType ?? 'EC');
  const certPem = signLeaf(ca, {
    subject: x509.subjectName(request.commonName, request.organizations ?? [], request.uids),
    publicKey: publicDer(key),
    names: request,
    usages: ['digital signature', 'key encipherment', ...request.usages.map((usage) => `${usage} auth` as const)],
    notBefore: clock.now() - backdate,
    notAfter: clock.now() + days * day,
  });
  return { certPem, keyPem: pemOfPrivateKey(key) };
}

/** A serving certificate for as long as a process lives, from an authority nobody keeps: for a listener that was given none. */
export async function issueTemporary(
  name: string,
  addresses: { readonly dnsNames?: readonly string[]; readonly ips?: readonly string[] },
  clock: Clock,
): Promise<{ readonly cert: string; readonly key: string }> {
  const ca = await createCA({ commonName: `${name}-ca`, days: 365, clock });
  const dnsNames = ['localhost', ...(addresses.dnsNames ?? [])];
  const ips = ['127.0.0.1', ...(addresses.ips ?? [])];
  const { certPem, keyPem } = await issue({ commonName: name, dnsNames, ips, usages: ['server'], days: 365, clock, ca });
  return { cert: certPem, key: keyPem };
}
