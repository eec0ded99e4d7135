import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planCluster } from './cluster/cluster.ts';
import { wavesOf } from './launch.ts';
import { processesOf } from './process/commands.ts';

test('the order of starting', async () => {
  const options = { dataDir: '/c', foreground: false, runtime: 'model', nodes: 3, store: 'etcd' } as const;
  const machine = { hostname: 'box', addresses: ['192.0.2.7'], ranges: [] };
  const cluster = await planCluster(options, undefined, machine, async (port) => port);
  const waves = wavesOf(processesOf(cluster, { resolvConf: '/etc/resolv.conf' }));
  assert.deepEqual(
    waves.map((wave) => wave.map(({ name }) => name)),
    [['etcd'], ['kube-apiserver', 'kubelet-node-1'], ['kubelet-node-2', 'kubelet-node-3', 'kube-controller-manager', 'kube-scheduler']],
  );
});
