import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfigKind, resolveOptions } from '@keelson/component';
import { parseYaml } from '@keelson/machinery';
import { defaultSettings } from '../commands/config.ts';
import { layoutOf } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { filesOf } from './documents.ts';
import { servicesOf } from './plan.ts';
import { renderUnit, unitName } from './units.ts';

const machine: Machine = {
  ...{ root: '/', role: 'control-plane', nodeName: 'm1', address: '192.0.2.1', bindPort: 6443, criSocket: '' },
  cluster: defaultSettings,
};
const surroundings = { containerd: '/c.sock', cniConfDir: '/cni', database: '/db' };

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

test('what was asked for by name goes before what is usual', () => {
  const flags = flagsOf({ ...machine, kubeletExtraArgs: ['v=4', 'node-ip=192.0.2.9'] }, 'kubelet');
  assert.deepEqual(
    flags.filter((flag) => /^--(config|root-dir|v|node-ip)=/.test(flag)),
    ['--config=/var/lib/kubelet/config.yaml', '--root-dir=/var/lib/kubelet', '--v=4', '--node-ip=192.0.2.9'],
  );
});

/** The options that a process comes to with the one file it is configured with. */
async function optionsOf(name: 'kubelet' | 'kube-proxy', of: Machine): Promise<Readonly<Record<string, unknown>>> {
  const { component } = name === 'kubelet' ? await import('@keelson/kubelet') : await import('@keelson/kube-proxy');
  const [[path, content] = ['', '']] = Object.entries(filesOf(name, of, layoutOf(of.root), '/etc/resolv.conf'));
  assert.ok(flagsOf(of, name).includes(`--config=${path}`));
  assert.ok(component.configKind);
  const config = readConfigKind(parseYaml(content).value, component.configKind)?.values;
  const resolved = resolveOptions(name, component.options, { flags: new Map(), env: {}, config });
  assert.ok(resolved.kind === 'run', JSON.stringify(resolved));
  return resolved.options;
}

test("documents say what was asked for, with the machine's own places", async () => {
  const at = { ...machine, root: '/r', kubeletConfiguration: { maxPods: 50, evictionHard: { 'memory.available': '5%' } } };
  const kubelet = await optionsOf('kubelet', at);
  assert.deepEqual([kubelet['max-pods'], kubelet['eviction-hard'], kubelet['cluster-dns']], [50, 'memory.available<5%', ['10.96.0.10']]);
  assert.equal(kubelet['pod-manifest-path'], '/r/etc/kubernetes/manifests');
  assert.deepEqual([kubelet['client-ca-file'], kubelet['resolv-conf']], ['/r/etc/kubernetes/pki/ca.crt', '/etc/resolv.conf']);
  const proxy = await optionsOf('kube-proxy', { ...at, kubeProxyConfiguration: { mode: 'ipvs' } });
  assert.deepEqual([proxy['proxy-mode'], proxy['cluster-cidr'], proxy['healthz-bind-address']], ['ipvs', '10.244.0.0/16', '0.0.0.0:10256']);
});

test('patches have the last word on what a kubelet is told', async () => {
  const patch = { maxPods: 7, authentication: { x509: { clientCAFile: '/ca' } } };
  const options = await optionsOf('kubelet', {
    ...machine,
    kubeletConfiguration: { maxPods: 5 },
    kubeletPatches: [{ type: 'strategic', patch }],
  });
  assert.deepEqual([options['max-pods'], options['client-ca-file'], options['cluster-domain']], [7, '/ca', 'cluster.local']);
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
