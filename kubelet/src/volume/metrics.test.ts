import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { volumeMetrics } from './metrics.ts';

test('volumes of claims tell how full they are', async () => {
  const registry = new Registry();
  const fullness = { capacityBytes: 10, availableBytes: 4, usedBytes: 6, inodes: 3, inodesFree: 2, inodesUsed: 1 };
  const volumes = ['data', undefined].map((claim) => ({ ...fullness, name: 'v', claim, local: false, at: 0 }));
  volumeMetrics(registry, async () => [{ namespace: 'ns', volumes }]);
  const text = await registry.metrics();
  const samples = text.split('\n').filter((line) => line && !line.startsWith('#'));
  const labels = '{namespace="ns",persistentvolumeclaim="data"}';
  assert.deepEqual(samples, [
    `kubelet_volume_stats_capacity_bytes${labels} 10`,
    `kubelet_volume_stats_available_bytes${labels} 4`,
    `kubelet_volume_stats_used_bytes${labels} 6`,
    `kubelet_volume_stats_inodes${labels} 3`,
    `kubelet_volume_stats_inodes_free${labels} 2`,
    `kubelet_volume_stats_inodes_used${labels} 1`,
  ]);
});
