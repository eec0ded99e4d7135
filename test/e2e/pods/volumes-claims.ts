import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@keelson/testing';
import { PersistentVolume, PersistentVolumeClaim, Pod, StatefulSet, StorageClass } from '@keelson/types';
import { type Bench, idle, lines, namespace, patience, type Subtests, shell, statusOf } from './bench.ts';

const resources = { requests: { storage: '1Mi' } };

function claimSpec(storageClassName: string, more: object = {}): object {
  return { accessModes: ['ReadWriteOnce'], storageClassName, resources, ...more };
}

/** A volume of its own class, so that no other test's claim takes it; its directory on the node is made. */
async function volume(bench: Bench, name: string, storageClassName: string, source: 'hostPath' | 'local', node?: string): Promise<string> {
  const path = join(bench.work, 'claims', name);
  mkdirSync(path, { recursive: true });
  const values = [node ?? bench.cluster.netns];
  const terms = [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values }] }];
  const spec = {
    capacity: { storage: '1Mi' },
    accessModes: ['ReadWriteOnce'],
    storageClassName,
    [source]: { path },
    ...(source === 'local' ? { nodeAffinity: { required: { nodeSelectorTerms: terms } } } : {}),
  };
  await bench.api.create(PersistentVolume, { metadata: { name }, spec } as unknown as PersistentVolume);
  return path;
}

async function claim(bench: Bench, name: string, storageClassName: string): Promise<void> {
  await bench.api.create(PersistentVolumeClaim, {
    metadata: { name, namespace },
    spec: claimSpec(storageClassName),
  } as unknown as PersistentVolumeClaim);
}

const using = (claimName: string, more: object = {}): object[] => [{ name: 'data', persistentVolumeClaim: { claimName, ...more } }];
const volumeMounts = [{ name: 'data', mountPath: '/data' }];

/** Claims, and what stands behind them. */
export const claims: Subtests = {
  async 'a StatefulSet runs on volumes of the node and keeps what it wrote'(bench) {
    const paths = [await volume(bench, 'set-a', 'set', 'hostPath'), await volume(bench, 'set-b', 'set', 'hostPath')];
    const script = 'cat /data/* 2>/dev/null; echo; echo -n $HOSTNAME >/data/me; trap "exit 0" TERM; while :; do sleep 0.1; done';
    await bench.api.create(StatefulSet, {
      metadata: { name: 'set', namespace },
      spec: {
        replicas: 2,
        serviceName: 'set',
        selector: { matchLabels: { app: 'set' } },
        template: {
          metadata: { labels: { app: 'set' } },
          spec: { terminationGracePeriodSeconds: 1, containers: [shell(script, { volumeMounts })] },
        },
        volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claimSpec('set') }],
      },
    } as unknown as StatefulSet);
    await bench.ready('set-1');
    const written = (): string =>
      paths
        .map((path) => readFileSync(join(path, 'me'), 'utf8'))
        .sort()
        .join();
    // Ready is who runs: the script may not have come to writing yet.
    await eventually(async () => written() === 'set-0,set-1', { deadlineMs: patience, message: 'both have written' });
    const { metadata } = await bench.ready('set-0');
    await bench.remove('set-0');
    await bench.until('set-0', 'is another', (pod) => pod.metadata?.uid !== metadata?.uid && pod.status?.phase === 'Running');
    await eventually(async () => (await bench.log('set-0')) === 'set-0\n', { deadlineMs: patience, message: 'what the first one wrote' });
    await bench.api.delete(StatefulSet, { namespace, name: 'set' });
  },

  async 'a local volume: bound where it is, given to a group, read only, gone with its pod and its files kept'(bench) {
    const className = {
      metadata: { name: 'disks' },
      provisioner: 'kubernetes.io/no-provisioner',
      volumeBindingMode: 'WaitForFirstConsumer',
    };
    await bench.api.create(StorageClass, className as StorageClass);
    const path = await volume(bench, 'disk', 'disks', 'local');
    writeFileSync(join(path, 'old'), 'kept', { mode: 0o600 });
    await claim(bench, 'disk', 'disks');
    const script = 'stat -c "%n %a %g" /data /data/old; cat /data/old; echo; echo new >/data/new; stat -c "%n %g" /data/new';
    const securityContext = { runAsUser: 1000, fsGroup: 2000 };
    const text = await bench.output('local', { securityContext, containers: [shell(script, { volumeMounts })], volumes: using('disk') });
    assert.deepEqual(lines(text), ['/data 2775 2000', '/data/old 660 2000', 'kept', '/data/new 2000']);
    const spec = {
      containers: [shell('touch /data/x 2>&1 || cat /data/old', { volumeMounts })],
      volumes: using('disk', { readOnly: true }),
    };
    assert.match(await bench.output('local-ro', spec), /Read-only file system\nkept$/);
    const changing = { fsGroup: 3000, fsGroupChangePolicy: 'OnRootMismatch' };
    await bench.output('local-root', { securityContext: changing, containers: [shell('true', { volumeMounts })], volumes: using('disk') });
    assert.deepEqual([statSync(path).gid, statSync(join(path, 'old')).gid], [3000, 3000]);
    const uid = bench.pod('local-root')?.metadata?.uid ?? '';
    const directory = join(bench.cluster.dataDir, 'kubelet', bench.cluster.netns, 'pods', uid);
    assert.ok(existsSync(directory));
    await bench.remove('local-root');
    await bench.gone('local-root');
    await eventually(() => !existsSync(directory), { deadlineMs: patience, message: 'nothing is left of the pod' });
    assert.equal(readFileSync(join(path, 'old'), 'utf8'), 'kept');
  },

  async 'claims that cannot be used say why'(bench) {
    const direct = { nodeName: bench.cluster.netns };
    await bench.create('claim-none', { ...direct, containers: [idle({ volumeMounts })], volumes: using('no-such') });
    await bench.event(
      'claim-none',
      'FailedMount',
      /unmounted volumes=\[data\].* error processing PVC default\/no-such: failed to fetch PVC from API server: /,
    );
    assert.equal(statusOf(bench.pod('claim-none')).state?.waiting?.reason, 'ContainerCreating');
    await volume(bench, 'elsewhere', 'elsewhere', 'local', 'another-node');
    await claim(bench, 'elsewhere', 'elsewhere');
    await bench.create('claim-far', { containers: [idle({ volumeMounts })], volumes: using('elsewhere') });
    await bench.event('claim-far', 'FailedScheduling', /1 node\(s\) didn't match PersistentVolume's node affinity/);
    await bench.create('claim-forced', { ...direct, containers: [idle({ volumeMounts })], volumes: using('elsewhere') });
    await bench.event(
      'claim-forced',
      'FailedMount',
      /^MountVolume.NodeAffinity check failed for volume "elsewhere" : no matching NodeSelectorTerms$/,
    );
    for (const name of ['claim-none', 'claim-far', 'claim-forced']) await bench.remove(name);
    await bench.gone('claim-forced');
  },

  async 'a generic ephemeral volume comes and goes with its pod'(bench) {
    const path = await volume(bench, 'scratch', 'scratch', 'hostPath');
    const volumes = [{ name: 'data', ephemeral: { volumeClaimTemplate: { spec: claimSpec('scratch') } } }];
    await bench.create('ephemeral', { containers: [idle({ volumeMounts })], volumes });
    await bench.running('ephemeral');
    await bench.exec('ephemeral', 'echo -n hi >/data/word');
    assert.equal(readFileSync(join(path, 'word'), 'utf8'), 'hi');
    await bench.remove('ephemeral');
    await bench.gone('ephemeral');
    const gone = (): Promise<boolean> =>
      bench.api.get(PersistentVolumeClaim, { namespace, name: 'ephemeral-data' }).then(
        () => false,
        () => true,
      );
    await eventually(gone, { deadlineMs: patience, message: 'the claim is gone' });
    assert.equal(
      (await bench.api.list(Pod, { namespace })).items.some(({ metadata }) => metadata.name === 'ephemeral'),
      false,
    );
  },
};
