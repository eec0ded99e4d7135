import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Clock, seededRandom, systemClock } from '@keelson/base';
import type { Kubeconfig, KubeconfigUser } from '@keelson/client';
import { ensureCertificates, replaceFile } from '@keelson/deploy-local';
import { parseYaml, toYaml } from '@keelson/machinery';
import { checkCSR, issue, parseCSR, subjectOf } from '@keelson/pki';
import { wantedCertificates, wantedClients } from '../certificates.ts';
import { defaultSettings } from '../commands/config.ts';
import { program } from '../commands/index.ts';
import { certificateUser, kubeconfigFor } from '../kubeconfigs.ts';
import { type Layout, layoutOf } from '../layout.ts';
import { loadMachine, type Machine, saveMachine } from '../machine.ts';
import { authorityOf, certificateOf } from './files.ts';
import { renderExpirations } from './table.ts';

const start = Date.UTC(2026, 0, 1);

function clockAt(day: number): Clock {
  return { ...systemClock, now: () => start + day * 86_400_000 };
}

/** A control plane's files below a temporary root, as init leaves them on the first day. */
async function controlPlane(t: TestContext): Promise<{ root: string; layout: Layout }> {
  const root = await mkdtemp(join(tmpdir(), 'renewal-'));
  t.after(() => rm(root, { recursive: true }));
  const cluster = { ...defaultSettings, controlPlaneEndpoint: 'api.example.com:6443' };
  const machine: Machine = { root, role: 'control-plane', nodeName: 'm1', address: '192.0.2.1', bindPort: 6443, criSocket: '', cluster };
  const layout = layoutOf(root);
  await ensureCertificates(layout.pki, wantedCertificates(machine), clockAt(0));
  const ca = await authorityOf(layout, 'ca');
  assert.ok(ca?.keyPem);
  for (const wanted of wantedClients(machine).filter(({ file }) => file !== 'kubelet')) {
    const made = await issue({ ...wanted, ca: { certPem: ca.certPem, keyPem: ca.keyPem }, days: 365, clock: clockAt(0) });
    const target = { clusterName: 'kubernetes', server: 'https://192.0.2.1:6443', caPem: ca.certPem };
    await replaceFile(layout.kubeconfig(wanted.file), toYaml(kubeconfigFor(target, wanted.commonName, certificateUser(made))));
  }
  await saveMachine(machine);
  return { root, layout };
}

async function kubeadm(day: number, ...args: readonly string[]): Promise<string> {
  let printed = '';
  const print = (text: string): void => {
    printed += text;
  };
  const deps = { clock: clockAt(day), random: seededRandom(1), print, warn: print, signal: new AbortController().signal };
  await program(deps).parseAsync([...args], { from: 'user' });
  return printed;
}

async function certificate(layout: Layout, name: string): Promise<X509Certificate> {
  return new X509Certificate((await certificateOf(layout, name)) ?? '');
}

/** What a kubeconfig of one cluster and one user says. */
function partsOf(text: string): { context: string | undefined; server: string | undefined; user: KubeconfigUser | undefined } {
  const config = parseYaml(text).value as Kubeconfig;
  return { context: config['current-context'], server: config.clusters?.[0]?.cluster.server, user: config.users?.[0]?.user };
}

test('the two tables are those of upstream', () => {
  const day = 86_400_000;
  const text = renderExpirations(
    [
      { name: 'admin.conf', ca: 'ca', external: false, expires: start + 364.5 * day },
      { name: 'apiserver', ca: 'ca', external: false, expires: undefined },
      { name: 'scheduler.conf', ca: 'ca', external: true, expires: start + 7_200_000 },
      { name: 'super-admin.conf', ca: 'ca', external: false, expires: start - day },
    ],
    [{ name: 'ca', external: false, expires: start + 3649 * day }],
    start,
  );
  assert.equal(
    text.replaceAll(/ +$/gm, ''),
    `CERTIFICATE           EXPIRES                  RESIDUAL TIME   CERTIFICATE AUTHORITY   EXTERNALLY MANAGED
admin.conf            Dec 31, 2026 12:00 UTC   364d            ca                      no
!MISSING! apiserver
scheduler.conf        Jan 01, 2026 02:00 UTC   2h              ca                      yes
super-admin.conf      Dec 31, 2025 00:00 UTC   <invalid>       ca                      no

CERTIFICATE AUTHORITY   EXPIRES                  RESIDUAL TIME   EXTERNALLY MANAGED
ca                      Dec 29, 2035 00:00 UTC   9y              no
`,
  );
});

test('programs are given the same in the shape of upstream', async (t) => {
  const { root, layout } = await controlPlane(t);
  await rm(layout.kubeconfig('super-admin'));
  const { kind, apiVersion, certificates, certificateAuthorities } = JSON.parse(
    await kubeadm(300, 'certs', 'check-expiration', '--root', root, '-o', 'json'),
  );
  assert.deepEqual([kind, apiVersion], ['CertificateExpirationInfo', 'output.kubeadm.k8s.io/v1alpha3']);
  const common = { externallyManaged: false, missing: false };
  assert.deepEqual(certificates[1], {
    ...{ name: 'apiserver', expirationDate: '2027-01-01T00:00:00Z', residualTime: 65 * 86_400, caName: 'ca' },
    ...common,
  });
  const missing = { name: 'super-admin.conf', expirationDate: null, residualTime: 0, externallyManaged: false, missing: true };
  assert.deepEqual(certificates.at(-1), missing);
  assert.deepEqual(certificateAuthorities[0], {
    ...{ name: 'ca', expirationDate: '2035-12-30T00:00:00Z', residualTime: 3350 * 86_400 },
    ...common,
  });
});

test('all certificates are renewed: same subjects and names, new keys and dates, the authority kept', async (t) => {
  const { root, layout } = await controlPlane(t);
  const names = [
    'admin.conf',
    'apiserver',
    'apiserver-kubelet-client',
    'controller-manager.conf',
    'front-proxy-client',
    'super-admin.conf',
  ];
  const before = await Promise.all(names.map((name) => certificate(layout, name)));
  const ca = await readFile(join(layout.pki, 'ca.crt'), 'utf8');
  assert.match(await kubeadm(300, 'certs', 'check-expiration', '--root', root), /^apiserver +Jan 01, 2027 00:00 UTC +65d /m);

  const printed = await kubeadm(300, 'certs', 'renew', 'all', '--root', root);
  assert.match(printed, /^certificate for serving the Kubernetes API renewed$/m);
  assert.match(printed, /You must restart the kube-apiserver, kube-controller-manager and kube-scheduler, so that/);
  for (const [index, name] of names.entries()) {
    const [old, renewed] = [before[index], await certificate(layout, name)];
    assert.ok(old);
    assert.deepEqual(subjectOf(renewed), subjectOf(old), name);
    assert.deepEqual([renewed.subjectAltName, renewed.keyUsage], [old.subjectAltName, old.keyUsage], name);
    assert.equal(renewed.validToDate.getTime(), start + 665 * 86_400_000, name);
    assert.notDeepEqual(renewed.publicKey.export({ type: 'spki', format: 'pem' }), old.publicKey.export({ type: 'spki', format: 'pem' }));
  }
  assert.equal(await readFile(join(layout.pki, 'ca.crt'), 'utf8'), ca);
  assert.ok((await certificate(layout, 'apiserver')).checkIssued(new X509Certificate(ca)));
  assert.match(await kubeadm(300, 'certs', 'check-expiration', '--root', root), /^apiserver +Oct 28, 2027 00:00 UTC +1y /m);
});

test('certificates are renewed for as long as was agreed, or as a file says', async (t) => {
  const { root, layout } = await controlPlane(t);
  const machine = await loadMachine(root);
  assert.ok(machine);
  await saveMachine({ ...machine, cluster: { ...machine.cluster, certificateDays: 730 } });
  const renewed = async (...more: readonly string[]): Promise<number> => {
    await kubeadm(1, 'certs', 'renew', 'apiserver', '--root', root, ...more);
    return ((await certificate(layout, 'apiserver')).validToDate.getTime() - start) / 86_400_000;
  };
  assert.equal(await renewed(), 731);
  const file = join(root, 'c.yaml');
  const document = 'apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n';
  await replaceFile(file, `${document}certificateValidityPeriod: 24h\n`);
  assert.equal(await renewed('--config', file), 2);
  await replaceFile(file, document);
  assert.equal(await renewed('--config', file), 366);
  await replaceFile(file, `${document}certificatesDir: pki\n`);
  await assert.rejects(renewed('--config', file), /certificatesDir: Invalid value: "pki": path is not absolute/);
  await replaceFile(file, document.replace('Cluster', 'Init'));
  await assert.rejects(renewed('--config', file), /no ClusterConfiguration found in/);
});

test('one certificate is renewed by its name, and what cannot be renewed is told', async (t) => {
  const { root, layout } = await controlPlane(t);
  const admin = (await certificate(layout, 'admin.conf')).serialNumber;
  assert.match(await kubeadm(1, 'certs', 'renew', 'scheduler.conf', '--root', root), /You must restart the kube-scheduler, so/);
  assert.equal((await certificate(layout, 'admin.conf')).serialNumber, admin);
  await assert.rejects(kubeadm(1, 'certs', 'renew', 'lunch', '--root', root), /lunch is not a valid certificate for this cluster/);

  await rename(join(layout.pki, 'front-proxy-ca.key'), join(layout.pki, 'elsewhere'));
  const external = await kubeadm(1, 'certs', 'renew', 'front-proxy-client', '--root', root);
  assert.match(external, /^Detected external front-proxy-ca, certificate for the front proxy client can't be renewed$/m);
  assert.match(await kubeadm(1, 'certs', 'check-expiration', '--root', root), /^front-proxy-client .*yes *$/m);
  await rm(layout.kubeconfig('super-admin'));
  assert.match(
    await kubeadm(1, 'certs', 'renew', 'super-admin.conf', '--root', root),
    /^MISSING! certificate embedded in the kubeconfig file for the super-admin\n$/,
  );
  assert.match(await kubeadm(1, 'certs', 'check-expiration', '--root', root), /^!MISSING! super-admin\.conf/m);
});

test('an authority that is kept elsewhere is given requests', async (t) => {
  const { root, layout } = await controlPlane(t);
  const pki = join(root, 'requests/pki');
  const generate = (): Promise<string> =>
    kubeadm(1, 'certs', 'generate-csr', '--root', root, '--cert-dir', pki, '--kubeconfig-dir', join(root, 'requests'));
  const printed = await generate();
  assert.match(printed, /^generating keys and CSRs in .*pki\n {2}apiserver\n[\s\S]*requests\n {2}admin\.conf\n {2}super-admin\.conf\n/);

  const csr = await readFile(join(pki, 'apiserver.csr'), 'utf8');
  checkCSR(csr);
  const { commonName, dnsNames, ips } = parseCSR(csr);
  const names = (await certificate(layout, 'apiserver')).subjectAltName ?? '';
  assert.deepEqual([commonName, dnsNames.includes('api.example.com'), ips.includes('192.0.2.1')], ['kube-apiserver', true, true]);
  assert.equal([...dnsNames.map((name) => `DNS:${name}`), ...ips.map((ip) => `IP Address:${ip}`)].join(', '), names);

  const { server, user } = partsOf(await readFile(join(root, 'requests/scheduler.conf'), 'utf8'));
  assert.match(Buffer.from(user?.['client-key-data'] ?? '', 'base64').toString(), /^-----BEGIN PRIVATE KEY-----/);
  assert.deepEqual([server, user?.['client-certificate-data']], ['https://192.0.2.1:6443', undefined]);
  assert.deepEqual(parseCSR(await readFile(join(root, 'requests/admin.conf.csr'), 'utf8')).organizations, ['kubeadm:cluster-admins']);
  await assert.rejects(generate(), /apiserver\.key already exists: name other directories/);
});

test('a certificate key is 32 bytes in hexadecimal, another one each time', async () => {
  const key = await kubeadm(0, 'certs', 'certificate-key');
  assert.match(key, /^[0-9a-f]{64}\n$/);
  assert.notEqual(await kubeadm(0, 'certs', 'certificate-key'), key);
});

test('a kubeconfig for one more user', async (t) => {
  const { root, layout } = await controlPlane(t);
  const { context, server, user } = partsOf(
    await kubeadm(0, 'kubeconfig', 'user', '--root', root, '--client-name', 'ann', '--org', 'dev,ops', '--validity-period', '24h'),
  );
  assert.deepEqual([context, server], ['ann@kubernetes', 'https://api.example.com:6443']);
  const made = new X509Certificate(Buffer.from(user?.['client-certificate-data'] ?? '', 'base64'));
  assert.deepEqual(subjectOf(made), { commonName: 'ann', organizations: ['dev', 'ops'], uids: [] });
  assert.equal(made.validToDate.getTime(), start + 86_400_000);
  assert.ok(made.checkIssued(new X509Certificate((await authorityOf(layout, 'ca'))?.certPem ?? '')));

  const file = join(root, 'c.yaml');
  await replaceFile(
    file,
    'apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nclusterName: blue\ncontrolPlaneEndpoint: blue.example.com\n',
  );
  const other = partsOf(await kubeadm(0, 'kubeconfig', 'user', '--root', root, '--client-name', 'bob', '--token', 't', '--config', file));
  assert.deepEqual(other, { context: 'bob@blue', server: 'https://blue.example.com:6443', user: { token: 't' } });
  await assert.rejects(kubeadm(0, 'kubeconfig', 'user', '--root', root), /required flag\(s\) "client-name" not set/);
});
