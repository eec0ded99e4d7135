import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseYamlDocuments } from '@keelson/machinery';
import { readDocuments } from './documents.ts';
import { usualTimeouts } from './kinds.ts';
import { migrated } from './migrate.ts';
import { validate } from './validate.ts';

const here = { nodeName: 'box', address: '192.0.2.1', token: () => 'abcdef.0123456789abcdef' };
const head = (kind: string, version = 'v1beta3'): string => `apiVersion: kubeadm.k8s.io/${version}\nkind: ${kind}\n`;

/** Any member of a document. */
type Member = { readonly [name: string]: Member };

/** The documents that come of a file, which are valid and change no more. */
function migrate(source: string): readonly Member[] {
  const text = migrated(readDocuments(source, { foreign: 'refuse' }), here);
  const again = readDocuments(text, { foreign: 'refuse' });
  validate(again);
  assert.equal(migrated(again, { ...here, nodeName: 'other' }), text);
  return parseYamlDocuments(text).map(({ value }) => value as Member);
}

test('one of init and cluster makes both, with what would be taken for unsaid', () => {
  const [init, cluster, ...more] = migrate(`${head('ClusterConfiguration')}clusterName: blue\n`);
  assert.deepEqual(
    [init?.apiVersion, init?.kind, cluster?.kind, more],
    [...['kubeadm.k8s.io/v1beta4', 'InitConfiguration', 'ClusterConfiguration', []]],
  );
  assert.deepEqual(init?.localAPIEndpoint, { advertiseAddress: '192.0.2.1', bindPort: 6443 });
  assert.deepEqual(init?.nodeRegistration, {
    imagePullPolicy: 'IfNotPresent',
    imagePullSerial: true,
    name: 'box',
    taints: [{ effect: 'NoSchedule', key: 'node-role.kubernetes.io/control-plane' }],
  });
  assert.deepEqual(init?.bootstrapTokens, [
    {
      groups: ['system:bootstrappers:kubeadm:default-node-token'],
      token: 'abcdef.0123456789abcdef',
      ttl: '24h0m0s',
      usages: ['signing', 'authentication'],
    },
  ]);
  assert.deepEqual([cluster?.clusterName, cluster?.etcd], ['blue', { local: { dataDir: '/var/lib/etcd' } }]);
  assert.deepEqual(cluster?.networking, { dnsDomain: 'cluster.local', serviceSubnet: '10.96.0.0/12' });
});

test('arguments become a list by name, and times are said where v1beta4 says them', () => {
  const [init, cluster] = migrate(`${head('InitConfiguration')}
nodeRegistration: { name: one, criSocket: unix:///c, taints: [], kubeletExtraArgs: { v: "2", node-labels: a=b } }
bootstrapTokens: [{ token: aaaaaa.0123456789abcdef, expires: "2030-01-01T00:00:00Z" }]
---
${head('ClusterConfiguration')}
apiServer: { timeoutForControlPlane: 9m0s, extraArgs: { v: "4", audit-log-path: "-" }, certSANs: [a.example.com] }
etcd: { external: { endpoints: ["https://e:2379"], caFile: /a, certFile: /b, keyFile: /c } }
`);
  assert.deepEqual(init?.nodeRegistration?.kubeletExtraArgs, [
    { name: 'node-labels', value: 'a=b' },
    { name: 'v', value: '2' },
  ]);
  assert.deepEqual(
    [init?.nodeRegistration?.name, init?.nodeRegistration?.criSocket, init?.nodeRegistration?.taints],
    ['one', 'unix:///c', []],
  );
  assert.deepEqual(init?.timeouts, { ...usualTimeouts, controlPlaneComponentHealthCheck: '9m0s' });
  assert.deepEqual([init?.bootstrapTokens?.length, init?.bootstrapTokens?.[0]?.ttl], [1, undefined]);
  assert.deepEqual(cluster?.apiServer, {
    certSANs: ['a.example.com'],
    extraArgs: [
      { name: 'audit-log-path', value: '-' },
      { name: 'v', value: '4' },
    ],
  });
  assert.deepEqual(Object.keys(cluster?.etcd ?? {}), ['external']);
});

test('documents of join, reset and upgrade stay alone, those of components are left out', () => {
  const token = 'token: abcdef.0123456789abcdef, apiServerEndpoint: "h:1", unsafeSkipCAVerification: true';
  const [join, reset, upgrade, ...more] = migrate(`${head('JoinConfiguration')}
discovery: { timeout: 1m0s, bootstrapToken: { ${token} } }
controlPlane: { certificateKey: k }
---
${head('ResetConfiguration', 'v1beta4')}force: true
---
${head('UpgradeConfiguration', 'v1beta4')}apply: { certificateRenewal: false }
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
`);
  assert.deepEqual(more, []);
  assert.deepEqual([join?.timeouts?.discovery, join?.discovery?.timeout], ['1m0s', undefined]);
  assert.equal(join?.discovery?.tlsBootstrapToken, 'abcdef.0123456789abcdef');
  assert.deepEqual(join?.controlPlane, { certificateKey: 'k', localAPIEndpoint: { advertiseAddress: '192.0.2.1', bindPort: 6443 } });
  assert.deepEqual([reset?.force, reset?.certificatesDir], [true, '/etc/kubernetes/pki']);
  const { apply, node } = upgrade ?? {};
  assert.deepEqual([apply?.certificateRenewal, apply?.etcdUpgrade, node?.certificateRenewal], [false, true, true]);
});
