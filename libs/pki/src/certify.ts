import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import * as der from './der.ts';
import * as x509 from './x509.ts';

/** A certificate and its private key (PKCS #8), both PEM: what is written to `ca.crt` and `ca.key`. */
export interface Credential {
  readonly certPem: string;
  readonly keyPem: string;
}

/** A certificate for somebody who is no authority. Times in milliseconds since the epoch; subject and key as DER. */
export interface Leaf {
  readonly subject: Buffer;
  readonly publicKey: Buffer;
  readonly names: x509.Names;
  readonly usages: readonly x509.KeyUsage[];
  readonly notBefore: number;
  readonly notAfter: number;
}

/** A leaf signed by the CA, PEM. It never outlives the CA, nor is it older. */
export function signLeaf(ca: Credential, { subject, publicKey, names, usages, notBefore, notAfter }: Leaf): string {
  const authority = new X509Certificate(ca.certPem);
  const issuer = x509.readIssuer(authority.raw);
  return certify(createPrivateKey(ca.keyPem), {
    issuer: issuer.subject,
    subject,
    publicKey,
    notBefore: Math.max(notBefore, authority.validFromDate.getTime()),
    notAfter: Math.min(notAfter, authority.validToDate.getTime()),
    extensions: x509.leafExtensions(usages, names, issuer.keyId),
  });
}

/** What is certified. Times in milliseconds since the epoch; names and key as DER. */
export interface Body {
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly publicKey: Buffer;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly extensions: readonly Buffer[];
}

/** The certificate, PEM, signed with the issuer's key. */
export function certify(key: KeyObject, { issuer, subject, publicKey, notBefore, notAfter, extensions }: Body): string {
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

/** PEM of `body` with its signature. */
export function signed(label: string, body: Buffer, key: KeyObject): string {
  const whole = der.sequence(body, x509.signatureAlgorithm(key.asymmetricKeyType), der.bitString(sign('sha256', body, key)));
  const text = whole.toString('base64').replace(/.{1,64}/g, '$&\n');
  return `-----BEGIN ${label}-----\n${text}-----END ${label}-----\n`;
}

/** SubjectPublicKeyInfo of a private key. */
export function publicDer(privateKey: KeyObject): Buffer {
  return createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
}
