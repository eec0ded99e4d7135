import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsOf } from './packages.ts';

const packages = (cluster: Parameters<typeof needsOf>[0]): string[] => [...new Set(needsOf(cluster).map((need) => need.package))];

test('a cluster takes no more packages than it uses', () => {
  assert.deepEqual(packages({ runtime: 'model', store: 'sqlite', etcdServers: [] }), []);
  assert.deepEqual(packages({ runtime: 'model', store: 'etcd', etcdServers: [], netns: { name: 'a', made: true } }), [
    'iproute2',
    'etcd-server',
  ]);
  assert.deepEqual(packages({ runtime: 'model', store: 'etcd', etcdServers: ['http://10.0.0.1:2379'] }), []);
  assert.deepEqual(packages({ runtime: 'containerd', store: 'sqlite', etcdServers: [] }), [
    'containerd',
    'runc',
    'iptables',
    'conntrack',
    'iproute2',
    'catatonit',
    'busybox-static',
  ]);
});
