import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { planCluster } from '../cluster/cluster.ts';
import type { UpOptions } from '../options.ts';
import { processesOf } from './commands.ts';

const machine = { hostname: 'box', addresses: ['192.0.2.7'], ranges: [] };
const plan = async (options: Partial<UpOptions>) => {
  const cluster = await planCluster({ dataDir: '/c', foreground: false, ...options }, undefined, machine, async (port) => port);
  const specs = processesOf(cluster, { resolvConf: '/etc/resolv.conf' });
  const args = (name: string): readonly string[] => specs.find((spec) => spec.name === name)?.args ?? [];
  return { specs, args, names: specs.map(({ name }) => name) };
};

describe('the processes of a cluster', () => {
  test('on the machine itself only the API server and the kubelet listen to others', async () => {
    const { args, names } = await plan({});
    assert.deepEqual(names, ['kube-apiserver', 'kubelet', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy']);
    assert.ok(args('kube-scheduler').includes('--bind-address=127.0.0.1'));
    assert.ok(args('kube-proxy').includes('--masquerade-egress'));
    assert.ok(args('kube-apiserver').includes('--advertise-address=192.0.2.7'));
    assert.ok(args('kube-apiserver').includes('--storage-backend=sqlite'));
    assert.ok(args('kubelet').includes('--pod-manifest-path=/c/manifests'));
  });

  test('in a namespace nothing leaves under the machine’s address unless asked to', async () => {
    assert.equal((await plan({ netns: 'a' })).args('kube-proxy').includes('--masquerade-egress'), false);
    assert.ok((await plan({ netns: 'a', masquerade: true })).args('kube-proxy').includes('--masquerade-egress'));
  });

  test('a model has a kubelet for each node, with ranges of its own, and no proxy', async () => {
    const { args, names } = await plan({ runtime: 'model', nodes: 2 });
    assert.deepEqual(
      names.filter((name) => name.startsWith('kube') && !name.startsWith('kube-')),
      ['kubelet-node-1', 'kubelet-node-2'],
    );
    assert.equal(names.includes('kube-proxy'), false);
    assert.ok(args('kubelet-node-2').includes('--pod-cidr=10.244.1.0/24'));
    assert.ok(args('kubelet-node-2').includes('--container-runtime-endpoint=model://'));
  });

  test('an etcd of its own comes first and wants certificates; somebody else’s is only named', async () => {
    const own = await plan({ store: 'etcd' });
    assert.equal(own.names[0], 'etcd');
    assert.ok(own.args('etcd').includes('--client-cert-auth=true'));
    assert.ok(own.args('kube-apiserver').includes('--etcd-certfile=/c/pki/apiserver-etcd-client.crt'));
    const other = await plan({ store: 'etcd', etcdServers: ['http://10.0.0.1:2379'] });
    assert.equal(other.names.includes('etcd'), false);
    assert.ok(other.args('kube-apiserver').includes('--etcd-servers=http://10.0.0.1:2379'));
    assert.equal(
      other.args('kube-apiserver').some((flag) => flag.startsWith('--etcd-certfile')),
      false,
    );
  });
});
