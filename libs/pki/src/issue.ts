import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify, X509Certificate } from 'node:crypto';
import type { Clock } from '@keelson/base';
import type { Subject } from './certificate.ts';
import * as der from './der.ts';
import { generateKey, type KeyType, pemOfPrivateKey } from './keys.ts';
import * as x509 from './x509.ts';

/** A certificate and its private key (PKCS #8), both PEM: what is written to `ca.crt` and `ca.key`. */
export interface Credential {
  readonly certPem: string;
  readonly keyPem: string;
}

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

/** What a certificate signing request asks for. */
export interface RequestedCertificate extends Subject {
  readonly dnsNames: readonly string[];
  readonly ips: readonly string[];
  readonly emails: readonly string[];
  readonly uris: readonly string[];
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
  const key = await generateKey(request.keyType ?? 'EC');
  const subject = x509.subjectName(request.commonName, request.organizations ?? []);
  return { certPem: signLeaf(request, subject, publicDer(key), request), keyPem: pemOfPrivateKey(key) };
}

/** A certificate signing request. With `keyPem` it is for that key, otherwise for a new EC one. */
export async function createCSR(request: RequestedSubject & { readonly keyPem?: string }): Promise<{ csrPem: string; keyPem: string }> {
  const key = request.keyPem === undefined ? await generateKey('EC') : createPrivateKey(request.keyPem);
  const version = der.integer(Buffer.of(0));
  const subject = x509.subjectName(request.commonName, request.organizations ?? []);
  const body = der.sequence(version, subject, publicDer(key), x509.requestAttributes(request));
  return { csrPem: signed('CERTIFICATE REQUEST', body, key), keyPem: request.keyPem ?? pemOfPrivateKey(key) };
}

/** What a request asks for. @throws when the text is no certificate signing request. */
export function parseCSR(csrPem: string): RequestedCertificate {
  const { subject, attributes } = openCSR(csrPem);
  return { ...x509.readSubject(subject), ...x509.readRequestedNames(attributes) };
}

/** The certificate for a request: its subject, names and key, the usages given here. @throws when its signature is not of its key. */
export function signCSR({ csrPem, ...terms }: Terms & { readonly csrPem: string }): string {
  const { body, subject, publicKey, attributes, signature } = openCSR(csrPem);
  const key = createPublicKey({ key: publicKey, format: 'der', type: 'spki' });
  if (!verify('sha256', body, key, signature)) throw new Error('the certificate signing request is not signed by the key it is for');
  // Signs nothing whose reader could have been shown something else.
  x509.readSubject(subject);
  return signLeaf(terms, subject, publicKey, x509.readRequestedNames(attributes));
}

function openCSR(csrPem: string): { body: Buffer; subject: Buffer; publicKey: Buffer; attributes: Buffer; signature: Buffer } {
  const base64 = /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([\s\S]*?)-----END/.exec(csrPem)?.[1];
  if (base64 === undefined) throw new Error('not a PEM certificate signing request');
  const [body, , signature] = der.childrenOf(Buffer.from(base64, 'base64'));
  if (!body || !signature) throw new Error('malformed certificate signing request');
  const [, subject, publicKey, attributes] = der.childrenOf(body.raw);
  if (!subject || !publicKey) throw new Error('malformed certificate signing request');
  return {
    body: body.raw,
    subject: subject.raw,
    publicKey: publicKey.raw,
    attributes: attributes?.content ?? Buffer.alloc(0),
    signature: signature.content.subarray(1),
  };
}

function signLeaf({ ca, usages, days, clock }: Terms, subject: Buffer, publicKey: Buffer, names: x509.Names): string {
  const authority = new X509Certificate(ca.certPem);
  const issuer = x509.readIssuer(authority.raw);
  return certify(createPrivateKey(ca.keyPem), {
    issuer: issuer.subject,
    subject,
    publicKey,
    notBefore: Math.max(clock.now() - backdate, authority.validFromDate.getTime()),
    notAfter: Math.min(clock.now() + days * day, authority.validToDate.getTime()),
    extensions: x509.leafExtensions(usages, names, issuer.keyId),
  });
}

interface Body {
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly publicKey: Buffer;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly extensions: readonly Buffer[];
}

function certify(key: KeyObject, { issuer, subject, publicKey, notBefore, notAfter, extensions }: Body): string {
  const version3 = der.tlv(der.contextConstructed(0), der.integer(Buffer.of(2)));
  const serial = randomBytes(16);
  // Never zero and never longer than sixteen octets.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const body = der.sequence(
    version3,
    der.integer(serial),
    x509.signatureAlgorithm(key.asymmetricKeyType),
    issuer,
    der.sequence(der.time(notBefore), der.time(notAfter)),
    subject,
    publicKey,
    der.tlv(der.contextConstructed(3), der.sequence(...extensions)),
  );
  return signed('CERTIFICATE', body, key);
}

function signed(label: string, body: Buffer, key: KeyObject): string {
  const whole = der.sequence(body, x509.signatureAlgorithm(key.asymmetricKeyType), der.bitString(sign('sha256', body, key)));
  const text = whole.toString('base64').replace(/.{1,64}/g, '$&\n');
  return `-----BEGIN ${label}-----\n${text}-----END ${label}-----\n`;
}

function publicDer(privateKey: KeyObject): Buffer {
  return createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
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
