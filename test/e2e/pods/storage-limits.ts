import assert from 'node:assert/strict';
import { eventually } from '@keelson/testing';
import type { Pod } from '@keelson/types';
import { type Bench, patience, type Subtests, shell } from './bench.ts';

interface Taken {
  readonly usedBytes: number;
  readonly capacityBytes: number;
}

/** What is read of `/stats/summary`. */
interface Stats {
  readonly podRef: { readonly name: string };
  readonly 'ephemeral-storage': Taken;
  readonly volume?: readonly (Taken & { readonly name: string })[];
  readonly containers: readonly { readonly rootfs: Taken; readonly logs: Taken }[];
}

const mounted = { volumeMounts: [{ name: 'v', mountPath: '/v' }] };
const limited = { resources: { limits: { 'ephemeral-storage': '1Mi' } } };
const forever = 'while :; do sleep 0.1; done';
const mebi = 2 ** 20;

/** Local storage: what pods take of it, and what becomes of those that take too much. */
export const storageLimits: Subtests = {
  async 'pods above their limits on local storage are evicted, one within them is not'(bench) {
    const fill = `dd if=/dev/zero of=/v/file bs=1M count=3; ${forever}`;
    const volume = (emptyDir: object): object => ({ volumes: [{ name: 'v', emptyDir }] });
    await bench.create('limit-volume', { ...volume({ sizeLimit: '1Mi' }), containers: [shell(fill, mounted)] });
    await bench.create('limit-log', { containers: [shell(`yes | head -c 3000000; ${forever}`, limited)] });
    await bench.create('limit-memory', {
      ...volume({ medium: 'Memory', sizeLimit: '1Mi' }),
      containers: [shell(fill, mounted)],
    });
    const evicted = (name: string): Promise<Pod> => bench.until(name, 'is evicted', ({ status }) => status?.phase === 'Failed');
    const [byVolume, byLog] = await Promise.all([evicted('limit-volume'), evicted('limit-log')]);
    const told = ({ status }: Pod): unknown => [
      status?.reason,
      status?.message,
      status?.conditions?.some(({ type }) => type === 'DisruptionTarget'),
    ];
    assert.deepEqual(told(byVolume), ['Evicted', 'Usage of EmptyDir volume "v" exceeds the limit "1Mi". ', false]);
    const message = 'Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ';
    assert.deepEqual(told(byLog), ['Evicted', message, false]);
    await bench.event('limit-log', 'Evicted', /^Pod ephemeral local storage usage/);
    await measured(bench);
    assert.equal(bench.pod('limit-memory')?.status?.phase, 'Running');
  },
};

/** The volume in memory is as large as its limit, full, and no ephemeral storage. */
async function measured(bench: Bench): Promise<void> {
  const read = async (): Promise<Stats | undefined> => {
    const { pods } = JSON.parse(await bench.kubelet('stats/summary')) as { readonly pods: readonly Stats[] };
    const found = pods.find(({ podRef }) => podRef.name === 'limit-memory');
    // The runtime measures what a container wrote every few seconds.
    const isMeasured = found?.containers.every(({ rootfs }) => rootfs?.usedBytes > 0);
    return isMeasured && found?.volume?.some(({ name, usedBytes }) => name === 'v' && usedBytes === mebi) ? found : undefined;
  };
  const stats = await eventually(read, { deadlineMs: patience, message: 'the full volume is measured' });
  assert.equal(stats.volume?.find(({ name }) => name === 'v')?.capacityBytes, mebi);
  assert.ok(stats['ephemeral-storage'].usedBytes < mebi, JSON.stringify(stats));
  assert.ok(
    stats.containers.every(({ rootfs, logs }) => rootfs.usedBytes > 0 && logs.capacityBytes > mebi),
    JSON.stringify(stats),
  );
}
