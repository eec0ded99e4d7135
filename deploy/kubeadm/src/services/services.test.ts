import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultSettings } from '../commands/config.ts';
import { layoutOf } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { flagsOf as documentFlags, kubeletDocument, kubeProxyDocument } from './documents.ts';
import { servicesOf } from './plan.ts';
import { renderUnit, unitName } from './units.ts';

const machine: Machine = {
  ...{ root: '/', role: 'control-plane', nodeName: 'm1', address: '192.0.2.1', bindPort: 6443, criSocket: '' },
  cluster: defaultSettings,
};
const surroundings = {
  containerd: '/c.sock',
  cniConfDir: '/cni',
  database: '/db',
  kubeletFlags: ['--max-pods=50', '--root-dir=/x'],
  kubeProxyFlags: [],
};

function flagsOf(of: Machine, name: string): readonly string[] {
  const found = servicesOf(of, layoutOf(of.root), surroundings).find((service) => service.name === name);
  assert.ok(found, name);
  return found.args;
}

test('a worker runs agents, a control plane everything', () => {
  const names = (of: Machine): string[] => servicesOf(of, layoutOf('/'), surroundings).map(({ name }) => name);
  assert.deepEqual(names({ ...machine, role: 'worker' }), ['kubelet', 'kube-proxy']);
  assert.deepEqual(names(machine), ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy']);
});

test('objects are kept in the embedded store, or in the etcd that was named', () => {
  assert.ok(flagsOf(machine, 'kube-apiserver').includes('--storage-file=/db'));
  const cluster = { ...defaultSettings, etcdServers: ['https://a:2379', 'https://b:2379'], etcdTls: true };
  const flags = flagsOf({ ...machine, cluster }, 'kube-apiserver');
  assert.ok(flags.includes('--etcd-servers=https://a:2379,https://b:2379'));
  assert.ok(flags.includes('--etcd-cafile=/etc/kubernetes/pki/etcd/ca.crt'));
});

test('all files lie below the root, and machines of one kernel keep their pods apart', () => {
  const flags = (root: string): readonly string[] => flagsOf({ ...machine, root }, 'kubelet');
  assert.ok(flags('/r').includes('--kubeconfig=/r/etc/kubernetes/kubelet.conf'));
  assert.ok(flags('/').includes('--cgroup-root=/'));
  const cgroup = (root: string): string | undefined => flags(root).find((flag) => flag.startsWith('--cgroup-root='));
  assert.match(cgroup('/r') ?? '', /^--cgroup-root=\/keelson-[0-9a-f]{8}$/);
  assert.notEqual(cgroup('/r'), cgroup('/s'));
});

test("the machine's own runtime is used where one is named", () => {
  const flags = flagsOf({ ...machine, criSocket: 'unix:///run/x.sock' }, 'kubelet');
  assert.ok(flags.includes('--container-runtime-endpoint=unix:///run/x.sock'));
  assert.ok(flags.includes('--cni-conf-dir=/etc/cni/net.d'));
});

test("what a document says goes behind what is the machine's own, and before what was asked for by name", () => {
  const flags = flagsOf({ ...machine, kubeletExtraArgs: ['v=4', 'node-ip=192.0.2.9'] }, 'kubelet');
  assert.deepEqual(
    flags.filter((flag) => /^--(max-pods|root-dir|v|node-ip)=/.test(flag)),
    ['--max-pods=50', '--root-dir=/var/lib/kubelet', '--v=4', '--node-ip=192.0.2.9'],
  );
});

test('documents are read as flags, with the places of the machine', async () => {
  const [{ component: kubelet }, { component: kubeProxy }] = await Promise.all([import('@keelson/kubelet'), import('@keelson/kube-proxy')]);
  const at = { ...machine, root: '/r', kubeletConfiguration: { maxPods: 50, evictionHard: { 'memory.available': '5%' } } };
  const flags = documentFlags(kubeletDocument(at, layoutOf('/r'), '/etc/resolv.conf'), kubelet.configKind);
  const said = [
    'max-pods=50',
    'eviction-hard=memory.available<5%',
    'pod-manifest-path=/r/etc/kubernetes/manifests',
    'cluster-dns=10.96.0.10',
  ];
  for (const flag of [...said, 'client-ca-file=/r/etc/kubernetes/pki/ca.crt', 'resolv-conf=/etc/resolv.conf']) {
    assert.ok(flags.includes(`--${flag}`), `${flag} in ${flags.join(' ')}`);
  }
  const proxy = documentFlags(kubeProxyDocument({ ...at, kubeProxyConfiguration: { mode: 'ipvs' } }, layoutOf('/r')), kubeProxy.configKind);
  for (const flag of ['proxy-mode=ipvs', 'cluster-cidr=10.244.0.0/16', 'healthz-bind-address=0.0.0.0:10256'])
    assert.ok(proxy.includes(`--${flag}`), flag);
});

test("a unit keeps its program running, with systemd's own characters quoted", () => {
  const text = renderUnit({
    description: 'x',
    command: ['/usr/bin/node', '/a b/main.js', '--x=50%$y"'],
    after: ['a.service'],
    delegate: true,
  });
  assert.match(text, /^ExecStart=\/usr\/bin\/node "\/a b\/main\.js" "--x=50%%\$\$y\\""$/m);
  assert.match(text, /^After=network-online\.target a\.service$/m);
  assert.match(text, /^Restart=always$/m);
  assert.match(text, /^Delegate=yes$/m);
  assert.equal(unitName('kubelet'), 'kubelet.service');
  assert.equal(unitName('containerd'), 'keelson-containerd.service');
});
