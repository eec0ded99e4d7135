import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfigKind, resolveOptions } from '@keelson/component';
import { configKind } from './config-file.ts';
import { options } from './options.ts';

test('the file that kubeadm writes for a kubelet', () => {
  const document = {
    kind: 'KubeletConfiguration',
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    authentication: {
      anonymous: { enabled: false },
      webhook: { cacheTTL: '0s', enabled: true },
      x509: { clientCAFile: '/etc/kubernetes/pki/ca.crt' },
    },
    authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '0s', cacheUnauthorizedTTL: '0s' } },
    cgroupDriver: 'cgroupfs',
    clusterDNS: ['10.96.0.10'],
    clusterDomain: 'cluster.local',
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '5%' },
    evictionSoft: { 'memory.available': '1Gi' },
    evictionSoftGracePeriod: { 'memory.available': '30s' },
    healthzBindAddress: '127.0.0.1',
    healthzPort: 10_248,
    registerWithTaints: [{ key: 'a', value: 'b', effect: 'NoSchedule' }],
    rotateCertificates: true,
    runtimeRequestTimeout: '3m0s',
    staticPodPath: '/etc/kubernetes/manifests',
  };
  const read = readConfigKind(document, configKind);
  const resolved = resolveOptions('kubelet', options, { flags: new Map(), env: {}, config: read?.values });
  assert.equal(resolved.kind, 'run');
  if (resolved.kind !== 'run') return;
  const values = resolved.options;
  assert.deepEqual(values['cluster-dns'], ['10.96.0.10']);
  assert.equal(values['eviction-hard'], 'memory.available<100Mi,nodefs.available<5%');
  assert.deepEqual([values['eviction-soft'], values['eviction-soft-grace-period']], ['memory.available<1Gi', 'memory.available=30s']);
  assert.deepEqual(values['register-with-taints'], ['a=b:NoSchedule']);
  assert.equal(values['runtime-request-timeout'], 180_000);
  assert.equal(values['pod-manifest-path'], '/etc/kubernetes/manifests');
  assert.equal(values['client-ca-file'], '/etc/kubernetes/pki/ca.crt');
  assert.equal(values['cgroup-driver'], 'cgroupfs');
  assert.ok(read?.ineffective.includes('authorization.mode'));
});

/** As Go writes what nobody set: durations of 0, empty structures, nothing left out. */
const marshalled = {
  crashLoopBackOff: {},
  evictionHard: { 'imagefs.available': '0%', 'nodefs.available': '0%', 'nodefs.inodesFree': '0%' },
  evictionPressureTransitionPeriod: '0s',
  failSwapOn: false,
  fileCheckFrequency: '0s',
  httpCheckFrequency: '0s',
  imageGCHighThresholdPercent: 100,
  imageMaximumGCAge: '0s',
  imageMinimumGCAge: '0s',
  kubeReserved: { cpu: '500m', memory: '1Gi' },
  logging: { flushFrequency: 0, options: { json: { infoBufferSize: '0' }, text: { infoBufferSize: '0' } }, verbosity: 2 },
  memorySwap: {},
  nodeStatusReportFrequency: '0s',
  nodeStatusUpdateFrequency: '0s',
  providerID: 'kind://docker/kind/kind-worker',
  registerNode: true,
  resolvConf: '/run/systemd/resolve/resolv.conf',
  shutdownGracePeriod: '0s',
  shutdownGracePeriodCriticalPods: '0s',
  streamingConnectionIdleTimeout: '0s',
  syncFrequency: '0s',
  volumeStatsAggPeriod: '0s',
  runtimeRequestTimeout: '0s',
  containerRuntimeEndpoint: '',
  healthzPort: 10_248,
};

test('the file that kind writes: what is empty or 0 stands for the default', () => {
  const read = readConfigKind({ kind: 'KubeletConfiguration', apiVersion: 'kubelet.config.k8s.io/v1beta1', ...marshalled }, configKind);
  const resolved = resolveOptions('kubelet', options, { flags: new Map(), env: {}, config: read?.values });
  assert.equal(resolved.kind, 'run');
  if (resolved.kind !== 'run') return;
  assert.equal(resolved.verbosity, 2);
  assert.deepEqual(resolved.options['kube-reserved'], ['cpu=500m', 'memory=1Gi']);
  assert.equal(resolved.options['provider-id'], 'kind://docker/kind/kind-worker');
  assert.equal(resolved.options['runtime-request-timeout'], 120_000);
  assert.equal(resolved.options['container-runtime-endpoint'], 'unix:///run/containerd/containerd.sock');
});

test('a field of no kubelet is told of and left, as upstream falls back to a lenient reading', () => {
  const document = { kind: 'KubeletConfiguration', apiVersion: 'kubelet.config.k8s.io/v1beta1', networkPlugin: 'cni' };
  assert.deepEqual(readConfigKind(document, configKind)?.ineffective, ['networkPlugin']);
});
