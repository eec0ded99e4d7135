import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfigKind, resolveOptions } from '@keelson/component';
import { configKind } from './config-file.ts';
import { options } from './options.ts';

const apiVersion = 'kubeproxy.config.k8s.io/v1alpha1';
const kind = 'KubeProxyConfiguration';

function read(document: object) {
  const found = readConfigKind({ apiVersion, kind, ...document }, configKind);
  const resolved = resolveOptions('kube-proxy', options, { flags: new Map(), env: {}, config: found?.values });
  assert.equal(resolved.kind, 'run');
  return { ...found, options: resolved.kind === 'run' ? resolved.options : undefined };
}

/** All that says nothing is there, as kubeadm's marshaller writes it. */
const kubeadm = {
  bindAddress: '0.0.0.0',
  bindAddressHardFail: false,
  clientConnection: { acceptContentTypes: '', burst: 0, contentType: '', kubeconfig: '/var/lib/kube-proxy/kubeconfig.conf', qps: 0 },
  clusterCIDR: '10.244.0.0/16,fd00:10:244::/56',
  configSyncPeriod: '0s',
  conntrack: {
    maxPerCore: null,
    min: null,
    tcpBeLiberal: false,
    tcpCloseWaitTimeout: null,
    tcpEstablishedTimeout: null,
    udpStreamTimeout: '0s',
    udpTimeout: '0s',
  },
  detectLocal: { bridgeInterface: '', interfaceNamePrefix: '' },
  detectLocalMode: '',
  enableProfiling: false,
  healthzBindAddress: '',
  hostnameOverride: '',
  iptables: { localhostNodePorts: null, masqueradeAll: false, masqueradeBit: null, minSyncPeriod: '0s', syncPeriod: '0s' },
  ipvs: {
    excludeCIDRs: null,
    minSyncPeriod: '0s',
    scheduler: '',
    strictARP: false,
    syncPeriod: '0s',
    tcpFinTimeout: '0s',
    tcpTimeout: '0s',
    udpTimeout: '0s',
  },
  logging: { flushFrequency: 0, options: { json: { infoBufferSize: '0' }, text: { infoBufferSize: '0' } }, verbosity: 0 },
  metricsBindAddress: '',
  mode: '',
  nftables: { masqueradeAll: false, masqueradeBit: null, minSyncPeriod: '0s', syncPeriod: '0s' },
  nodePortAddresses: null,
  oomScoreAdj: null,
  portRange: '',
  showHiddenMetricsForVersion: '',
  winkernel: { enableDSR: false, forwardHealthCheckVip: false, networkName: '', rootHnsEndpointName: '', sourceVip: '' },
};

test('the file that kubeadm writes: what is empty stands for the default', () => {
  const { options: values, ineffective } = read(kubeadm);
  assert.equal(values?.kubeconfig, '/var/lib/kube-proxy/kubeconfig.conf');
  assert.equal(values?.['proxy-mode'], 'iptables');
  assert.equal(values?.['healthz-bind-address'], '0.0.0.0:10256');
  assert.equal(values?.['metrics-bind-address'], '127.0.0.1:10249');
  assert.equal(values?.['iptables-masquerade-bit'], 14);
  assert.equal(values?.['iptables-sync-period'], 30_000);
  assert.equal(values?.['nftables-masquerade-bit'], 14);
  assert.equal(values?.['nftables-min-sync-period'], 100);
  assert.deepEqual(values?.['nodeport-addresses'], []);
  assert.ok(ineffective?.includes('bindAddress'));
  assert.ok(!ineffective?.some((path) => path.startsWith('n')));
});

test('the file that kind writes, and addresses with and without a port', () => {
  const { options: values } = read({
    mode: 'nftables',
    iptables: { minSyncPeriod: '1s' },
    conntrack: { maxPerCore: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    metricsBindAddress: '::',
    healthzBindAddress: '[::]:10',
  });
  assert.equal(values?.['proxy-mode'], 'nftables');
  assert.equal(values?.['iptables-min-sync-period'], 1000);
  assert.equal(values?.['metrics-bind-address'], '[::]:10249');
  assert.equal(values?.['healthz-bind-address'], '[::]:10');
});

test('what the nftables mode has', () => {
  const nftables = { masqueradeAll: true, masqueradeBit: 9, minSyncPeriod: '2s', syncPeriod: '1m' };
  const { options: values, ineffective } = read({ mode: 'nftables', nftables, nodePortAddresses: ['primary'] });
  assert.deepEqual(ineffective, []);
  assert.equal(values?.['nftables-masquerade-all'], true);
  assert.equal(values?.['nftables-masquerade-bit'], 9);
  assert.equal(values?.['nftables-min-sync-period'], 2000);
  assert.equal(values?.['nftables-sync-period'], 60_000);
  assert.deepEqual(values?.['nodeport-addresses'], ['primary']);
});

test('a field that nobody knows is told, as upstream falls back to a reading that is not strict', () => {
  assert.deepEqual(read({ resourceContainer: '/kube-proxy' }).ineffective, ['resourceContainer']);
});
