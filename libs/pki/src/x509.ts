import { createHash } from 'node:crypto';
import * as der from './der.ts';

/** The structures of RFC 5280 and RFC 2986 that are written and read here, as bytes. */

/** Alternative names of a certificate. */
export interface Names {
  readonly dnsNames?: readonly string[];
  readonly ips?: readonly string[];
  readonly emails?: readonly string[];
  readonly uris?: readonly string[];
}

export type Usage = 'server' | 'client';

const ids = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  alternativeNames: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  extensionRequest: '1.2.840.113549.1.9.14',
  ecdsaSha256: '1.2.840.10045.4.3.2',
  rsaSha256: '1.2.840.113549.1.1.11',
};

/** Digests of signature algorithms; Ed25519 has none of its own. */
const digests: readonly (readonly [oid: string, digest: string | null])[] = [
  // Go refuses SHA-1 in certificates, not in what asks for one.
  ['1.2.840.10045.4.1', 'sha1'],
  ['1.2.840.113549.1.1.5', 'sha1'],
  [ids.ecdsaSha256, 'sha256'],
  ['1.2.840.10045.4.3.3', 'sha384'],
  ['1.2.840.10045.4.3.4', 'sha512'],
  [ids.rsaSha256, 'sha256'],
  ['1.2.840.113549.1.1.12', 'sha384'],
  ['1.2.840.113549.1.1.13', 'sha512'],
  ['1.3.101.112', null],
];

/** What the key usage extension says, by bit, in the words of the certificates API. */
const usageBits = {
  'digital signature': 0,
  signing: 0,
  'content commitment': 1,
  'key encipherment': 2,
  'data encipherment': 3,
  'key agreement': 4,
  'cert sign': 5,
  'crl sign': 6,
  'encipher only': 7,
  'decipher only': 8,
} as const;

/** What the extended key usage extension says, in the same words. */
const extendedUsages = {
  any: '2.5.29.37.0',
  'server auth': '1.3.6.1.5.5.7.3.1',
  'client auth': '1.3.6.1.5.5.7.3.2',
  'code signing': '1.3.6.1.5.5.7.3.3',
  'email protection': '1.3.6.1.5.5.7.3.4',
  's/mime': '1.3.6.1.5.5.7.3.4',
  'ipsec end system': '1.3.6.1.5.5.7.3.5',
  'ipsec tunnel': '1.3.6.1.5.5.7.3.6',
  'ipsec user': '1.3.6.1.5.5.7.3.7',
  timestamping: '1.3.6.1.5.5.7.3.8',
  'ocsp signing': '1.3.6.1.5.5.7.3.9',
  'microsoft sgc': '1.3.6.1.4.1.311.10.3.3',
  'netscape sgc': '2.16.840.1.113730.4.1',
} as const;

/** What a certificate may be used for, as the certificates API names it. */
export type KeyUsage = keyof typeof usageBits | keyof typeof extendedUsages;

export function isKeyUsage(usage: string): usage is KeyUsage {
  return Object.hasOwn(usageBits, usage) || Object.hasOwn(extendedUsages, usage);
}

export const usageIds = { server: extendedUsages['server auth'], client: extendedUsages['client auth'] } as const;

/** One relative name per organization, then the common name, as Go's `pkix.Name` lays them out. */
/** The identifier, as Kubernetes gives it, of the part of a subject that tells a user from another who had the name before. */
export const uidPart = '1.3.6.1.4.1.57683.2';

export function subjectName(commonName: string, organizations: readonly string[], uids: readonly string[] = []): Buffer {
  const part = (id: string, value: string): Buffer => der.tlv(der.tag.set, der.sequence(der.oid(id), der.text(value)));
  const others = [...organizations.map((value) => part(ids.organization, value)), ...uids.map((value) => part(uidPart, value))];
  return der.sequence(...others, part(ids.commonName, commonName));
}

export function readSubject(name: Buffer): { commonName: string; organizations: string[]; uids: string[] } {
  const valuesOf = readName(name);
  return { commonName: valuesOf(ids.commonName).at(-1) ?? '', organizations: valuesOf(ids.organization), uids: valuesOf(uidPart) };
}

/** What a name says under an identifier: the values in their order. */
export function readName(name: Buffer): (id: string) => string[] {
  const attributes = der.childrenOf(name).flatMap((set) => der.elements(set.content).map((pair) => der.elements(pair.content)));
  return (id) => attributes.flatMap(([type, value]) => (type && value && type.raw.equals(der.oid(id)) ? [der.stringOf(value)] : []));
}

/** The digest a signature algorithm begins with: null for none, undefined for algorithms that are not known here. */
export function digestOf(algorithm: Buffer): string | null | undefined {
  const [id] = der.childrenOf(algorithm);
  return digests.find(([dotted]) => id?.raw.equals(der.oid(dotted)))?.[1];
}

export function signatureAlgorithm(keyType: string | undefined): Buffer {
  return keyType === 'rsa' ? der.sequence(der.oid(ids.rsaSha256), der.tlv(der.tag.null)) : der.sequence(der.oid(ids.ecdsaSha256));
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  const flag = critical ? [der.tlv(der.tag.boolean, Buffer.of(0xff))] : [];
  return der.sequence(der.oid(id), ...flag, der.tlv(der.tag.octetString, value));
}

/** What kubeadm's authorities carry; `publicKey` is a SubjectPublicKeyInfo. */
export function authorityExtensions(commonName: string, publicKey: Buffer): Buffer[] {
  const digitalSignatureEnciphermentCertSign = der.bitString(Buffer.of(0xa4), 2);
  return [
    extension(ids.keyUsage, digitalSignatureEnciphermentCertSign, true),
    extension(ids.basicConstraints, der.sequence(der.tlv(der.tag.boolean, Buffer.of(0xff))), true),
    extension(ids.subjectKeyId, der.tlv(der.tag.octetString, keyId(publicKey))),
    ...namesExtension({ dnsNames: [commonName] }),
  ];
}

/** What Kubernetes' leaf certificates carry. */
export function leafExtensions(usages: readonly KeyUsage[], names: Names, authorityKeyId: Buffer | undefined): Buffer[] {
  const bits = usages.flatMap((usage) => (Object.hasOwn(usageBits, usage) ? [usageBits[usage as keyof typeof usageBits]] : []));
  const extended = usages.flatMap((usage) =>
    Object.hasOwn(extendedUsages, usage) ? [extendedUsages[usage as keyof typeof extendedUsages]] : [],
  );
  return [
    ...(bits.length > 0 ? [extension(ids.keyUsage, usageBitString(bits), true)] : []),
    ...(extended.length > 0 ? [extension(ids.extendedKeyUsage, der.sequence(...[...new Set(extended)].map(der.oid)))] : []),
    extension(ids.basicConstraints, der.sequence(), true),
    ...(authorityKeyId ? [extension(ids.authorityKeyId, der.sequence(der.tlv(der.context(0), authorityKeyId)))] : []),
    ...namesExtension(names),
  ];
}

/** Bit 0 is the first byte's highest; zeros at the end are left out. */
function usageBitString(bits: readonly number[]): Buffer {
  const last = Math.max(...bits);
  const bytes = Buffer.alloc(Math.floor(last / 8) + 1);
  for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  return der.bitString(bytes, 7 - (last & 7));
}

/** SHA-1 of the key's bits: RFC 5280's first method, and Go's. */
function keyId(publicKey: Buffer): Buffer {
  const bits = der.childrenOf(publicKey)[1]?.content.subarray(1) ?? publicKey;
  return createHash('sha1').update(bits).digest();
}

function namesExtension({ dnsNames = [], ips = [], emails = [], uris = [] }: Names): Buffer[] {
  const list = (n: number, values: readonly string[]): Buffer[] => values.map((value) => der.tlv(der.context(n), Buffer.from(value)));
  const addresses = ips.map((ip) => der.tlv(der.context(7), addressBytes(ip)));
  const all = [...list(2, dnsNames), ...list(1, emails), ...addresses, ...list(6, uris)];
  return all.length === 0 ? [] : [extension(ids.alternativeNames, der.sequence(...all))];
}

/** The attribute of a request that asks for alternative names. */
export function requestAttributes(names: Names): Buffer {
  const extensions = namesExtension(names);
  const attribute = der.sequence(der.oid(ids.extensionRequest), der.tlv(der.tag.set, der.sequence(...extensions)));
  return der.tlv(der.contextConstructed(0), ...(extensions.length > 0 ? [attribute] : []));
}

/** The alternative names in a request's attributes; kinds of name that Kubernetes ignores are left out. */
export function readRequestedNames(attributes: Buffer): Required<Names> {
  const wanted = der.elements(attributes).map((attribute) => der.elements(attribute.content));
  const list = wanted.find(([type]) => type?.raw.equals(der.oid(ids.extensionRequest)))?.[1];
  const value = list && findExtension(der.elements(list.content)[0]?.content, ids.alternativeNames);
  const names = value ? der.childrenOf(value) : [];
  const ofType = (n: number): Buffer[] => names.filter(({ type }) => type === der.context(n)).map(({ content }) => content);
  const strings = (n: number): string[] => ofType(n).map(String);
  return { dnsNames: strings(2), ips: ofType(7).map(addressText), emails: strings(1), uris: strings(6) };
}

function findExtension(extensions: Buffer | undefined, id: string): Buffer | undefined {
  const all = extensions ? der.elements(extensions).map(({ content }) => der.elements(content)) : [];
  return all.find(([type]) => type?.raw.equals(der.oid(id)))?.at(-1)?.content;
}

/** An issuer's name and key id as they stand in its certificate: those who check a chain compare these bytes. */
export function readIssuer(certificate: Buffer): { subject: Buffer; keyId: Buffer | undefined } {
  const [, , , , , subject, , ...rest] = der.childrenOf(der.childrenOf(certificate)[0]?.raw ?? certificate);
  const extensions = rest.find(({ type }) => type === der.contextConstructed(3));
  const value = extensions && findExtension(der.elements(extensions.content)[0]?.content, ids.subjectKeyId);
  if (!subject) throw new Error('malformed certificate');
  return { subject: subject.raw, keyId: value && der.elements(value)[0]?.content };
}

/** The bytes of an IP address. @throws when the text is none. */
export function addressBytes(ip: string): Buffer {
  if (/^\d+(\.\d+){3}$/.test(ip)) {
    const octets = ip.split('.').map(Number);
    if (octets.every((octet) => octet < 256)) return Buffer.from(octets);
  }
  const url = ip.includes(':') ? URL.parse(`http://[${ip}]/`) : null;
  if (!url) throw new Error(`not an IP address: ${ip}`);
  const [left = '', right] = url.hostname.slice(1, -1).split('::');
  const groups = (part: string | undefined): string[] => (part ? part.split(':') : []);
  const zeros = Array.from({ length: 8 - groups(left).length - groups(right).length }, () => '0');
  return Buffer.from([...groups(left), ...zeros, ...groups(right)].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) throw new Error('malformed IP address in certificate signing request');
  const groups = bytes.toString('hex').match(/.{4}/g) ?? [];
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}
