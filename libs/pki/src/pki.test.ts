import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, webcrypto, X509Certificate } from 'node:crypto';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { type Clock, systemClock } from '@keelson/base';
import {
  caHash,
  checkCSR,
  createCA,
  createCSR,
  distrust,
  encodeCertificate,
  issue,
  parseBundle,
  parseCSR,
  signCSR,
  subjectOf,
} from './index.ts';

const clock = systemClock;
const at = (now: number): Clock => ({ now: () => now, after: () => ({ cancel: () => undefined }) });
const day = 86_400_000;
const clientForADay = () => ({ usages: ['client auth'] as const, notBefore: clock.now(), notAfter: clock.now() + day });

test('a CA issues certificates that TLS peers accept, and both sides see who is there', async () => {
  for (const keyType of ['EC', 'RSA'] as const) {
    const ca = await createCA({ commonName: 'kubernetes', days: 3650, clock, keyType });
    const server = await issue({
      ca,
      commonName: 'kube-apiserver',
      dnsNames: ['kubernetes'],
      ips: ['127.0.0.1', '::1'],
      usages: ['server'],
      days: 365,
      clock,
      keyType,
    });
    const client = await issue({
      ca,
      commonName: 'ann, "a"+b',
      organizations: ['system:masters', 'x=y'],
      usages: ['client'],
      days: 1,
      clock,
    });
    const listener = createServer(
      { cert: server.certPem, key: server.keyPem, ca: ca.certPem, requestCert: true, rejectUnauthorized: true },
      (req, res) => {
        const peer = (req.socket as import('node:tls').TLSSocket).getPeerX509Certificate();
        res.end(JSON.stringify(peer && subjectOf(peer)));
      },
    );
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const { port } = listener.address() as AddressInfo;
    const body = await new Promise<string>((resolve, reject) => {
      const call = request(
        { port, host: '127.0.0.1', ca: ca.certPem, cert: client.certPem, key: client.keyPem, agent: false },
        async (res) => {
          resolve((await res.toArray()).join(''));
        },
      );
      call.on('error', reject).end();
    });
    listener.close();
    assert.deepEqual(JSON.parse(body), { commonName: 'ann, "a"+b', organizations: ['system:masters', 'x=y'], uids: [] });
  }
});

test('certificates carry what Kubernetes gives them', async () => {
  const ca = await createCA({ commonName: 'kubernetes', days: 10, clock });
  const other = await createCA({ commonName: 'kubernetes', days: 10, clock });
  const leaf = await issue({
    ca,
    commonName: 'n',
    dnsNames: ['a.b', 'kubernetes.default.svc'],
    ips: ['10.96.0.1'],
    usages: ['server', 'client'],
    days: 365,
    clock,
  });
  const certificate = new X509Certificate(leaf.certPem);
  assert.equal(certificate.ca, false);
  assert.equal(certificate.subjectAltName, 'DNS:a.b, DNS:kubernetes.default.svc, IP Address:10.96.0.1');
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
  assert.equal(certificate.validTo, new X509Certificate(ca.certPem).validTo, 'a certificate does not outlive its CA');
  assert.equal(encodeCertificate(certificate), leaf.certPem);
  assert.equal(parseBundle(`${ca.certPem}${leaf.certPem}`).length, 2);

  const now = clock.now();
  assert.equal(distrust(leaf.certPem, { caPem: other.certPem + ca.certPem, now, usage: 'client' }), undefined);
  assert.equal(distrust(leaf.certPem, { caPem: other.certPem, now }), 'certificate signed by unknown authority');
  assert.equal(distrust(leaf.certPem, { caPem: ca.certPem, now: now + 11 * day }), 'certificate has expired');
  assert.equal(distrust(leaf.certPem, { caPem: ca.certPem, now: now - day }), 'certificate is not yet valid');
  const server = await issue({ ca, commonName: 'n', usages: ['server'], days: 1, clock: at(now) });
  assert.equal(distrust(server.certPem, { caPem: ca.certPem, now, usage: 'client' }), 'certificate is not valid for use by a client');
});

test('the CA hash is that of the public key, as openssl computes it', async (t) => {
  const ca = await createCA({ commonName: 'kubernetes', days: 10, clock });
  const der = new X509Certificate(ca.certPem).publicKey.export({ type: 'spki', format: 'der' });
  assert.equal(caHash(ca.certPem), `sha256:${createHash('sha256').update(der).digest('hex')}`);
  try {
    const text = execFileSync('openssl', ['x509', '-noout', '-text'], { input: ca.certPem }).toString();
    assert.match(text, /CA:TRUE/);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    t.diagnostic('openssl is not installed: its reading of the certificate was not tried');
  }
});

test('a signing request keeps its subject and names; a forged one is refused', async () => {
  const ca = await createCA({ commonName: 'kubernetes', days: 10, clock });
  const { csrPem, keyPem } = await createCSR({
    commonName: 'system:node:a',
    organizations: ['system:nodes'],
    dnsNames: ['a'],
    ips: ['10.0.0.1'],
  });
  const asked = {
    commonName: 'system:node:a',
    organizations: ['system:nodes'],
    uids: [],
    dnsNames: ['a'],
    ips: ['10.0.0.1'],
    emails: [],
    uris: [],
  };
  assert.deepEqual(parseCSR(csrPem), asked);
  const certPem = signCSR(csrPem, { ca, ...clientForADay() });
  assert.deepEqual(subjectOf(certPem), { commonName: 'system:node:a', organizations: ['system:nodes'], uids: [] });
  assert.equal(new X509Certificate(certPem).subjectAltName, 'DNS:a, IP Address:10.0.0.1');
  assert.equal(distrust(certPem, { caPem: ca.certPem, now: clock.now(), usage: 'client' }), undefined);
  const again = await createCSR({ commonName: 'x', keyPem });
  assert.equal(again.keyPem, keyPem);

  const der = Buffer.from(csrPem.replace(/-----[^-]+-----/g, ''), 'base64');
  der[der.length - 5] = (der[der.length - 5] ?? 0) ^ 1;
  const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
  assert.throws(() => signCSR(forged, { ca, ...clientForADay() }));
  assert.throws(() => parseCSR('nonsense'), /not a PEM/);
  for (const length of [1, 20, 100, der.length - 1]) {
    const cut = `-----BEGIN CERTIFICATE REQUEST-----\n${der.subarray(0, length).toString('base64')}\n-----END`;
    assert.throws(() => parseCSR(cut), /malformed/);
  }
});

test('a request may still be signed by SHA-1, as Go takes it', async (t) => {
  const command = ['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', '/dev/null', '-subj', '/CN=old', '-sha1'];
  const { stdout, error } = spawnSync('openssl', command, { encoding: 'utf8' });
  if (error || !stdout) return t.skip('no openssl that signs so');
  checkCSR(stdout);
});

test('what is written here reads the same in an independent library', async () => {
  await import('reflect-metadata');
  const lib = await import('@peculiar/x509');
  const now = clock.now();
  const standing: Clock = { ...clock, now: () => now };
  const ca = await createCA({ commonName: 'kubernetes', days: 36_500, clock: standing });
  const names = { dnsNames: ['a.b'], ips: ['10.0.0.1', 'fd00::1:0:7'] };
  const leaf = await issue({
    ca,
    commonName: 'é',
    organizations: ['o1', 'o2'],
    ...names,
    usages: ['client'],
    days: 20_000,
    clock: standing,
  });
  const [authority, certificate] = [new lib.X509Certificate(ca.certPem), new lib.X509Certificate(leaf.certPem)];
  assert.equal(await certificate.verify({ publicKey: authority, date: new Date(now) }), true);
  assert.deepEqual([certificate.subject, certificate.issuer], ['O=o1, O=o2, CN=é', 'CN=kubernetes']);
  assert.equal(certificate.notAfter.getTime(), Math.floor((now + 20_000 * day) / 1000) * 1000, 'GeneralizedTime after 2049');
  const akid = certificate.getExtension(lib.AuthorityKeyIdentifierExtension)?.keyId;
  assert.equal(akid, authority.getExtension(lib.SubjectKeyIdentifierExtension)?.keyId);

  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const csr = await lib.Pkcs10CertificateRequestGenerator.create({
    name: 'CN=system:node:x, O=system:nodes',
    keys,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: [
      new lib.SubjectAlternativeNameExtension([
        { type: 'dns', value: 'x' },
        { type: 'ip', value: 'fd00::1' },
        { type: 'email', value: 'a@b' },
      ]),
    ],
  });
  const asked = {
    commonName: 'system:node:x',
    organizations: ['system:nodes'],
    uids: [],
    dnsNames: ['x'],
    ips: ['fd00::1'],
    emails: ['a@b'],
    uris: [],
  };
  assert.deepEqual(parseCSR(csr.toString('pem')), asked);
  const answer = new lib.X509Certificate(signCSR(csr.toString('pem'), { ca, ...clientForADay() }));
  assert.equal(answer.subject, 'CN=system:node:x, O=system:nodes');
  assert.equal(new lib.Pkcs10CertificateRequest((await createCSR({ commonName: 'q', ...names })).csrPem).subject, 'CN=q');
});
