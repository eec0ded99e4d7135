import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '@keelson/base';
import { subjectOf } from '@keelson/pki';
import { type Cluster, planCluster } from '../cluster/cluster.ts';
import { kubeconfigFor, serverOf } from './kubeconfigs.ts';
import { ensurePki } from './pki.ts';

async function clusterIn(dataDir: string): Promise<Cluster> {
  const machine = { hostname: 'box', addresses: ['192.0.2.7'], ranges: [] };
  return planCluster({ dataDir, foreground: false, store: 'etcd' }, undefined, machine, async (port) => port);
}

test('certificates, their subjects and names', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'pki-'));
  t.after(() => rm(dataDir, { recursive: true }));
  const cluster = await clusterIn(dataDir);
  const { credentials, caPem } = await ensurePki(cluster, systemClock);
  const certificate = (name: string): X509Certificate => new X509Certificate(credentials.get(name)?.certPem ?? '');

  assert.deepEqual(subjectOf(certificate('admin')), { commonName: 'kubernetes-admin', organizations: ['system:masters'], uids: [] });
  assert.deepEqual(subjectOf(certificate('kubelet-box')), { commonName: 'system:node:box', organizations: ['system:nodes'], uids: [] });
  assert.equal(subjectOf(certificate('scheduler')).commonName, 'system:kube-scheduler');
  assert.equal(subjectOf(certificate('controller-manager')).commonName, 'system:kube-controller-manager');
  assert.equal(subjectOf(certificate('kube-proxy')).commonName, 'system:kube-proxy');
  const names = certificate('apiserver').subjectAltName?.split(', ').sort();
  assert.deepEqual(names, [
    'DNS:kubernetes',
    'DNS:kubernetes.default',
    'DNS:kubernetes.default.svc',
    'DNS:kubernetes.default.svc.cluster.local',
    'DNS:localhost',
    'IP Address:10.96.0.1',
    'IP Address:127.0.0.1',
    'IP Address:192.0.2.7',
  ]);
  assert.ok(certificate('apiserver').checkIssued(new X509Certificate(caPem)));
  assert.equal(certificate('etcd/server').checkIssued(new X509Certificate(caPem)), false, 'etcd has an authority of its own');
  for (const key of ['ca.key', 'admin.key', 'sa.key', 'etcd/ca.key'])
    assert.equal((await stat(join(dataDir, 'pki', key))).mode & 0o777, 0o600);
});

test('they stay, and are made again when they no longer fit', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'pki-'));
  t.after(() => rm(dataDir, { recursive: true }));
  const cluster = await clusterIn(dataDir);
  const first = await ensurePki(cluster, systemClock);
  const key = await readFile(join(dataDir, 'pki', 'sa.key'), 'utf8');
  assert.deepEqual(await ensurePki(cluster, systemClock), first);
  const moved = await ensurePki({ ...cluster, address: '192.0.2.8' }, systemClock);
  assert.equal(moved.caPem, first.caPem);
  assert.deepEqual(moved.credentials.get('admin'), first.credentials.get('admin'));
  assert.match(new X509Certificate(moved.credentials.get('apiserver')?.certPem ?? '').subjectAltName ?? '', /192\.0\.2\.8/);
  const nextYear = { ...systemClock, now: () => systemClock.now() + 340 * 86_400_000 };
  assert.notDeepEqual((await ensurePki(cluster, nextYear)).credentials.get('admin'), first.credentials.get('admin'));
  assert.equal(await readFile(join(dataDir, 'pki', 'sa.key'), 'utf8'), key);
});

test('a kubeconfig leads to the machine itself, or into the namespace', async () => {
  const cluster = await clusterIn('/c');
  assert.equal(serverOf(cluster), 'https://127.0.0.1:6443');
  assert.equal(serverOf({ ...cluster, netns: { name: 'a', made: true }, address: '10.200.0.2' }), 'https://10.200.0.2:6443');
  const config = kubeconfigFor('https://x', 'me', 'CA', { certPem: 'C', keyPem: 'K' });
  assert.equal(config['current-context'], 'me@keelson');
  assert.deepEqual(config.users, [{ name: 'me', user: { 'client-certificate-data': 'Qw==', 'client-key-data': 'Sw==' } }]);
});
