import { humanDuration } from '@keelson/machinery';
import { parseCSR, parseCSRName, type RequestedCertificate, type RequestedName } from '@keelson/pki';
import type { CertificateSigningRequest } from '@keelson/types';
import { field, flat, type Lines, timeText } from './lines.ts';

/** @throws Error when what it holds is no request for a certificate. */
export function certificateRequestLines({ metadata, spec, status }: CertificateSigningRequest): Lines {
  const { request, username, signerName, expirationSeconds } = spec;
  const pem = Buffer.from(request, 'base64').toString();
  if (!/-----BEGIN (NEW )?CERTIFICATE REQUEST-----/.test(pem))
    throw new Error('Error parsing CSR: PEM block type must be CERTIFICATE REQUEST');
  return [
    field(0, 'Name', metadata.name),
    field(0, 'Labels', flat(metadata.labels)),
    field(0, 'Annotations', flat(metadata.annotations)),
    field(0, 'CreationTimestamp', timeText(metadata.creationTimestamp)),
    field(0, 'Requesting User', username),
    ...(signerName ? [field(0, 'Signer', signerName)] : []),
    ...(expirationSeconds === undefined ? [] : [field(0, 'Requested Duration', humanDuration(expirationSeconds * 1000))]),
    field(0, 'Status', statusText(status)),
    ...subjectLines(parseCSRName(pem)),
    ...alternativeLines(parseCSR(pem)),
  ];
}

/** `Approved,Issued` */
function statusText({ conditions = [], certificate }: NonNullable<CertificateSigningRequest['status']> = {}): string {
  const has = (wanted: string): boolean => conditions.some(({ type }) => type === wanted);
  const decided = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending';
  return [decided, ...(has('Failed') ? ['Failed'] : []), ...(certificate ? ['Issued'] : [])].join(',');
}

/** Label and values below a heading, whose alignment does not depend on it. */
function valueLines(label: string, values: readonly string[]): Lines {
  return values.map((value, index) => `\t${index === 0 ? `${label}:` : ''}\t${value}`);
}

function subjectLines({ commonName, serialNumber, ...more }: RequestedName): Lines {
  return [
    'Subject:',
    ...valueLines('Common Name', [commonName.at(-1) ?? '']),
    ...valueLines('Serial Number', [serialNumber.at(-1) ?? '']),
    ...valueLines('Organization', more.organization),
    ...valueLines('Organizational Unit', more.organizationalUnit),
    ...valueLines('Country', more.country),
    ...valueLines('Locality', more.locality),
    ...valueLines('Province', more.province),
    ...valueLines('StreetAddress', more.streetAddress),
    ...valueLines('PostalCode', more.postalCode),
  ];
}

function alternativeLines({ dnsNames, emails, uris, ips }: RequestedCertificate): Lines {
  const lines = [
    ...valueLines('DNS Names', dnsNames),
    ...valueLines('Email Addresses', emails),
    ...valueLines('URIs', uris),
    ...valueLines('IP Addresses', ips),
  ];
  return lines.length > 0 ? ['Subject Alternative Names:', ...lines] : [];
}
