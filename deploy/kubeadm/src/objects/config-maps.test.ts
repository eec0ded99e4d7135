import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseYaml } from '@keelson/machinery';
import { defaultSettings } from '../commands/config.ts';
import { componentDocument, dnsAddressOf, kubeadmConfig, kubeletConfig, settingsOf } from './config-maps.ts';

/** Fields of any type. */
type Members = { readonly [name: string]: Members };

const read = (text = ''): Members => parseYaml(text).value as Members;

test('what the machines agree on is read back as it was', () => {
  const settings = {
    ...defaultSettings,
    controlPlaneEndpoint: '192.0.2.1:6443',
    etcdServers: ['https://192.0.2.1:2379'],
    etcdTls: true,
    overlay: true,
    controllerManagerExtraArgs: ['node-monitor-grace-period=8s'],
    ...{ apiServerExtraArgs: ['audit-policy-file=/a=b'], schedulerExtraArgs: ['v=2', 'v=3'], apiServerCertSans: ['api.example.com'] },
    ...{ certificatesDir: '/srv/pki', kubeProxyDisabled: true, addons: [], certificateDays: 1 / 24, authorityDays: 7300 },
  };
  assert.deepEqual(settingsOf(kubeadmConfig(settings)), settings);
  assert.deepEqual(settingsOf(kubeadmConfig(defaultSettings)), defaultSettings);
  const odd = { ...defaultSettings, clusterName: 'yes', dnsDomain: '1e3', schedulerExtraArgs: ['v=0x10', 'on=off'] };
  assert.deepEqual(settingsOf(kubeadmConfig(odd)), odd, 'what looks like another type stays a text');
});

test("kubeadm's document has kubeadm's form", () => {
  const document = read(kubeadmConfig({ ...defaultSettings, etcdServers: ['http://e:2379'] }).data?.ClusterConfiguration);
  assert.equal(document.apiVersion, 'kubeadm.k8s.io/v1beta4');
  assert.deepEqual(document.etcd?.external?.endpoints, ['http://e:2379']);
  assert.deepEqual(document.networking, { dnsDomain: 'cluster.local', podSubnet: '10.244.0.0/16', serviceSubnet: '10.96.0.0/12' });
  assert.throws(() => settingsOf({ metadata: {}, data: {} }), /no ClusterConfiguration/);
});

test("an administrator's document has the last word, and is read back", () => {
  const own = { clusterDNS: ['10.0.0.53'], maxPods: 50 };
  const document = componentDocument(kubeletConfig(defaultSettings, own), 'kubelet');
  assert.deepEqual([document.clusterDNS, document.maxPods, document.rotateCertificates], [['10.0.0.53'], 50, true]);
  assert.deepEqual(componentDocument(kubeletConfig(defaultSettings, document), 'kubelet'), document, 'once more changes nothing');
  assert.throws(() => componentDocument({ metadata: { name: 'kubelet-config' } }, 'kubelet'), /kube-system\/kubelet-config has no kubelet/);
});

test('DNS has the tenth address', () => {
  assert.equal(dnsAddressOf(defaultSettings), '10.96.0.10');
  assert.deepEqual(read(kubeletConfig(defaultSettings).data?.kubelet).clusterDNS, ['10.96.0.10']);
});
