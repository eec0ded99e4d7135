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
  assert.deepEqual(values['register-with-taints'], ['a=b:NoSchedule']);
  assert.equal(values['runtime-request-timeout'], 180_000);
  assert.equal(values['pod-manifest-path'], '/etc/kubernetes/manifests');
  assert.equal(values['client-ca-file'], '/etc/kubernetes/pki/ca.crt');
  assert.ok(read?.ineffective.includes('cgroupDriver'));
});
