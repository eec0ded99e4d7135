import { createPrivateKey, createPublicKey, verify } from 'node:crypto';
import type { Subject } from './certificate.ts';
import { type Credential, publicDer, signed, signLeaf } from './certify.ts';
import * as der from './der.ts';
import type { RequestedSubject } from './issue.ts';
import { generateKey, pemOfPrivateKey } from './keys.ts';
import * as x509 from './x509.ts';

/** What a certificate signing request asks for. */
export interface RequestedCertificate extends Subject {
  readonly dnsNames: readonly string[];
  readonly ips: readonly string[];
  readonly emails: readonly string[];
  readonly uris: readonly string[];
}

/** The subject of a request in full: each attribute's values in their order. */
export interface RequestedName {
  readonly commonName: readonly string[];
  readonly serialNumber: readonly string[];
  readonly organization: readonly string[];
  readonly organizationalUnit: readonly string[];
  readonly country: readonly string[];
  readonly locality: readonly string[];
  readonly province: readonly string[];
  readonly streetAddress: readonly string[];
  readonly postalCode: readonly string[];
}

/** By whom a request is signed, for what, and from when to when: milliseconds since the epoch. */
export interface RequestTerms {
  readonly ca: Credential;
  readonly usages: readonly x509.KeyUsage[];
  readonly notBefore: number;
  readonly notAfter: number;
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

/** The whole name of whom a request is for. @throws when the text is no certificate signing request. */
export function parseCSRName(csrPem: string): RequestedName {
  const valuesOf = x509.readName(openCSR(csrPem).subject);
  return {
    commonName: valuesOf('2.5.4.3'),
    serialNumber: valuesOf('2.5.4.5'),
    organization: valuesOf('2.5.4.10'),
    organizationalUnit: valuesOf('2.5.4.11'),
    country: valuesOf('2.5.4.6'),
    locality: valuesOf('2.5.4.7'),
    province: valuesOf('2.5.4.8'),
    streetAddress: valuesOf('2.5.4.9'),
    postalCode: valuesOf('2.5.4.17'),
  };
}

/** @throws when the request is not signed by the key it is for: whoever sent it does not hold that key. */
export function checkCSR(csrPem: string): void {
  const { body, publicKey, algorithm, signature } = openCSR(csrPem);
  const digest = x509.digestOf(algorithm);
  if (digest === undefined) throw new Error('x509: cannot verify signature: algorithm unimplemented');
  const key = createPublicKey({ key: publicKey, format: 'der', type: 'spki' });
  if (!verify(digest, body, key, signature)) throw new Error('the certificate signing request is not signed by the key it is for');
}

/**
 * The certificate for a request: its subject, names and key, the usages and times given here; never for longer than the CA's own.
 * @throws when its signature is not of its key.
 */
export function signCSR(csrPem: string, { ca, ...terms }: RequestTerms): string {
  checkCSR(csrPem);
  const { subject, publicKey, attributes } = openCSR(csrPem);
  // Signs nothing whose reader could have been shown something else.
  x509.readSubject(subject);
  return signLeaf(ca, { subject, publicKey, names: x509.readRequestedNames(attributes), ...terms });
}

/** The parts of a request, each as DER. */
interface OpenRequest {
  readonly body: Buffer;
  readonly subject: Buffer;
  readonly publicKey: Buffer;
  readonly attributes: Buffer;
  readonly algorithm: Buffer;
  readonly signature: Buffer;
}

function openCSR(csrPem: string): OpenRequest {
  const base64 = /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([\s\S]*?)-----END/.exec(csrPem)?.[1];
  if (base64 === undefined) throw new Error('not a PEM certificate signing request');
  const [body, algorithm, signature] = der.childrenOf(Buffer.from(base64, 'base64'));
  if (!body || !algorithm || !signature) throw new Error('malformed certificate signing request');
  const [, subject, publicKey, attributes] = der.childrenOf(body.raw);
  if (!subject || !publicKey) throw new Error('malformed certificate signing request');
  return {
    body: body.raw,
    subject: subject.raw,
    publicKey: publicKey.raw,
    attributes: attributes?.content ?? Buffer.alloc(0),
    algorithm: algorithm.raw,
    signature: signature.content.subarray(1),
  };
}
