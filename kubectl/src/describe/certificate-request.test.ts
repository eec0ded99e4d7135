import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CertificateSigningRequest } from '@keelson/types';
import { alignTabs } from '../printers/tabwriter.ts';
import { certificateRequestLines } from './certificate-request.ts';

/** Made by openssl, with each attribute and kind of name that is described. */
const der = [
  'MIIBZjCCARgCAQAwgZExCzAJBgNVBAYTAkRFMQswCQYDVQQGEwJGUjEKMAgGA1UECAwBUzELMAkGA1UEBwwCQ2kxDTALBgNVBAoMBG9yZzExDT',
  'ALBgNVBAoMBG9yZzIxCjAIBgNVBAsMAXUxDDAKBgNVBAMMA2pvZTELMAkGA1UEBRMCNzcxCjAIBgNVBBEMATUxCzAJBgNVBAkMAnN0MCowBQYD',
  'K2VwAyEAKqKmvPEFwPFuhescgYbFtxOkognsZaf+bk38A/+om+SgUzBRBgkqhkiG9w0BCQ4xRDBCMEAGA1UdEQQ5MDeCA2EuYoIDYy5khwQBAg',
  'MEhxAAAAAAAAAAAAAAAAAAAAABgQVhQGIuY4YMc3BpZmZlOi8veC95MAUGAytlcANBAB//uTHA+GSMHZy30yR1G34cvpwUrzrODHaRuiFTnF/d',
  'MeeF9qIN/fY97pBDxGK15bJUEV/CPvnEx/9Hm17pIA0=',
].join('');

const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${der}\n-----END CERTIFICATE REQUEST-----\n`;

const request: CertificateSigningRequest = {
  metadata: { name: 'csr1', labels: { a: 'b', c: 'd' }, creationTimestamp: '2026-11-22T02:00:55Z' },
  spec: {
    ...{ request: Buffer.from(pem).toString('base64'), signerName: 'example.com/s', usages: ['client auth'] },
    ...{ username: 'kubernetes-admin', expirationSeconds: 3600 },
  },
};

const printed = (object: CertificateSigningRequest): string[] =>
  alignTabs([...certificateRequestLines(object), 'Events:\t<none>'].join('\n'))
    .replace(/(2026) .*/, '$1')
    .split('\n');

test('a certificate signing request, as upstream prints it', () => {
  assert.deepEqual(printed(request), [
    'Name:                csr1',
    'Labels:              a=b,c=d',
    'Annotations:         <none>',
    'CreationTimestamp:   Sun, 22 Nov 2026',
    'Requesting User:     kubernetes-admin',
    'Signer:              example.com/s',
    'Requested Duration:  60m',
    'Status:              Pending',
    'Subject:',
    '  Common Name:          joe',
    '  Serial Number:        77',
    '  Organization:         org1',
    '                        org2',
    '  Organizational Unit:  u',
    '  Country:              DE',
    '                        FR',
    '  Locality:             Ci',
    '  Province:             S',
    '  StreetAddress:        st',
    '  PostalCode:           5',
    'Subject Alternative Names:',
    '         DNS Names:        a.b',
    '                           c.d',
    '         Email Addresses:  a@b.c',
    '         URIs:             spiffe://x/y',
    '         IP Addresses:     1.2.3.4',
    '                           ::1',
    'Events:  <none>',
  ]);
});

const statuses: readonly (readonly [types: readonly string[], certificate: string | undefined, text: string])[] = [
  [[], undefined, 'Pending'],
  [['Other'], undefined, 'Pending'],
  [['Approved'], 'Zm9v', 'Approved,Issued'],
  [['Approved', 'Failed'], undefined, 'Approved,Failed'],
  [['Denied', 'Approved'], undefined, 'Denied'],
  [['Failed'], 'Zm9v', 'Pending,Failed,Issued'],
];

test('what became of it', () => {
  for (const [types, certificate, text] of statuses) {
    const conditions = types.map((type) => ({ type, status: 'True' }));
    const lines = printed({ ...request, status: { conditions, ...(certificate ? { certificate } : {}) } });
    assert.ok(lines.includes(`Status:              ${text}`), text);
  }
});

test('what is no request is refused, wherever it is cut', () => {
  assert.throws(() => certificateRequestLines({ ...request, spec: { ...request.spec, request: 'Zm9v' } }), /PEM block type must be/);
  const bytes = Buffer.from(der, 'base64');
  for (let length = 1; length < bytes.length; length++) {
    const cut = pem.replace(der, bytes.subarray(0, length).toString('base64'));
    const described = () =>
      certificateRequestLines({ ...request, spec: { ...request.spec, request: Buffer.from(cut).toString('base64') } });
    assert.throws(described, /malformed/, `${length} bytes`);
  }
});
