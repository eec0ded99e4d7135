import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import type { ClaimedVolume } from './claims.ts';
import { volumeMetrics } from './metrics.ts';

test('claims of volumes with a disk of their own tell how full it is', async () => {
  const registry = new Registry();
  const volume = (type: 'local' | 'hostPath', block = false): ClaimedVolume =>
    ({ name: 'pv', claim: `${type}-${block}`, source: { type, path: '/d' }, block }) as unknown as ClaimedVolume;
  const claimed = new Map([volume('local'), volume('local', true), volume('hostPath')].map((one) => [one.claim, one]));
  const fullness = { capacityBytes: 10, availableBytes: 4, usedBytes: 6, inodes: 3, inodesFree: 2, inodesUsed: 1 };
  volumeMetrics(registry, () => [{ namespace: 'ns', claimed }], { fullness: async () => fullness });
  const text = await registry.metrics();
  const samples = text.split('\n').filter((line) => line && !line.startsWith('#'));
  const labels = '{namespace="ns",persistentvolumeclaim="local-false"}';
  assert.deepEqual(samples, [
    `kubelet_volume_stats_capacity_bytes${labels} 10`,
    `kubelet_volume_stats_available_bytes${labels} 4`,
    `kubelet_volume_stats_used_bytes${labels} 6`,
    `kubelet_volume_stats_inodes${labels} 3`,
    `kubelet_volume_stats_inodes_free${labels} 2`,
    `kubelet_volume_stats_inodes_used${labels} 1`,
  ]);
});
