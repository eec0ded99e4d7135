import { createHash, X509Certificate } from 'node:crypto';
import { type Usage, uidPart, usageIds } from './x509.ts';

/** Who a certificate speaks for: Kubernetes takes the common name as the user and the organizations as its groups. */
export interface Subject {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** What tells the user from another who had the name before: one at most, where all is well. */
  readonly uids: readonly string[];
}

/** The first certificate in a PEM text, or the one given. @throws when the text holds none. */
export function parseCertificate(certificate: X509Certificate | string): X509Certificate {
  return typeof certificate === 'string' ? new X509Certificate(certificate) : certificate;
}

/** The subject of a certificate, attribute values unescaped. @throws when a PEM text holds no certificate. */
export function subjectOf(certificate: X509Certificate | string): Subject {
  // Node's `subject` string escapes what it prints; the legacy object holds the values themselves.
  const subject = parseCertificate(certificate).toLegacyObject().subject as Record<string, string | string[] | undefined> | undefined;
  const commonNames = listOf(subject?.CN);
  return { commonName: commonNames.at(-1) ?? '', organizations: listOf(subject?.O), uids: listOf(subject?.[uidPart]) };
}

function listOf(value: string | string[] | undefined): string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

/** Every certificate of a PEM bundle, in order; other blocks are passed over. @throws when one of them is malformed. */
export function parseBundle(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

export interface VerifyOptions {
  /** One or more CA certificates. */
  readonly caPem: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** What the certificate must be good for. */
  readonly usage?: Usage;
}

/** Why `certificate` is not to be trusted, in words, or undefined when one of the CAs issued it and it is valid now. */
export function distrust(certificate: X509Certificate | string, { caPem, now, usage }: VerifyOptions): string | undefined {
  const leaf = parseCertificate(certificate);
  const issuer = parseBundle(caPem).find((ca) => ca.ca && leaf.checkIssued(ca) && leaf.verify(ca.publicKey));
  if (!issuer) return 'certificate signed by unknown authority';
  for (const one of [leaf, issuer]) {
    if (now < one.validFromDate.getTime()) return 'certificate is not yet valid';
    if (now > one.validToDate.getTime()) return 'certificate has expired';
  }
  if (usage && !leaf.keyUsage?.includes(usageIds[usage])) return `certificate is not valid for use by a ${usage}`;
  return undefined;
}

/** `sha256:` and the hash of the public key in hexadecimal: what `kubeadm join --discovery-token-ca-cert-hash` takes. */
export function caHash(certificate: X509Certificate | string): string {
  const key = parseCertificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(key).digest('hex')}`;
}

/** A certificate in PEM, lines of 64 characters. */
export function encodeCertificate(certificate: X509Certificate | Uint8Array): string {
  return (certificate instanceof X509Certificate ? certificate : new X509Certificate(certificate)).toString();
}
