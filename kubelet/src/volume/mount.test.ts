import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from '@keelson/types';
import { testPod } from '../pod/testpod.ts';
import type { Found } from './claims.ts';
import { memoryVolumeSize } from './empty-dir.ts';
import { VolumeFailure } from './failure.ts';
import type { PathKind } from './host.ts';
import { MemoryHost } from './memory.ts';
import { mountVolumes, updateVolumes } from './mount.ts';

const paths = { root: '/k', logs: '/l' };
const node = { metadata: { name: 'n1', labels: { 'kubernetes.io/hostname': 'n1' } } } as unknown as Node;
const sources = {
  configMaps: new Map(),
  secrets: new Map(),
  tokens: new Map(),
  facts: { podIPs: [], hostIPs: [] },
  allocatable: { milliCpu: 1000, memoryBytes: 1000, storageBytes: 2 ** 35 },
};

const onNode = (name: string): object => ({
  required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [name] }] }] },
});

/** A claim `c` of uid `c1`, bound to volume `pv`. */
function found(spec: object, claim: { readonly metadata?: object; readonly status?: object } = {}): ReadonlyMap<string, Found> {
  const metadata = { name: 'c', namespace: 'default', uid: 'c1', ...claim.metadata };
  const one = { metadata, spec: { volumeName: 'pv' }, status: { phase: 'Bound', ...claim.status } };
  const volume = { metadata: { name: 'pv' }, spec: { claimRef: { uid: 'c1' }, ...spec } };
  return new Map([['c', { claim: one as unknown as PersistentVolumeClaim, volume: volume as unknown as PersistentVolume }]]);
}

const claiming = (fields: object = {}, spec: object = {}): Pod =>
  testPod({ volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'c', ...fields } }], ...spec });

/** A node whose paths are of these kinds, and what was mounted on it. */
function recording(kinds: Record<string, PathKind> = {}) {
  const host = new MemoryHost();
  const told: string[] = [];
  host.kind = async (path) => kinds[path];
  const directory = async (path: string, { mode }: { mode: number }) => void told.push(`directory ${path} ${mode.toString(8)}`);
  const mounts = {
    ...host.mounts,
    bind: async (source: string, target: string, options: object) => void told.push(`bind ${source} ${target} ${JSON.stringify(options)}`),
    device: async (device: string, target: string, options: object) =>
      void told.push(`device ${device} ${target} ${JSON.stringify(options)}`),
    giveToGroup: async (_path: string, gid: number, options: object) => void told.push(`group ${gid} ${JSON.stringify(options)}`),
    tmpfs: async (path: string, { sizeBytes }: { sizeBytes: number }) => void told.push(`tmpfs ${path} ${sizeBytes}`),
  };
  Object.assign(host, { directory, mounts });
  return { place: { host, paths, node }, told };
}

/** The events that come of mounting. */
async function failures(pod: Pod, answers: ReadonlyMap<string, Found>, kinds: Record<string, PathKind> = {}): Promise<readonly string[]> {
  const error = await mountVolumes(recording(kinds).place, pod, sources, answers).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof VolumeFailure);
  return error.each;
}

describe('claims', () => {
  const hostPath = { hostPath: { path: '/srv', type: 'DirectoryOrCreate' } };
  const local = { local: { path: '/disk' } };

  test('a hostPath volume is used where it is', async () => {
    const { place, told } = recording();
    const claimed = await mountVolumes(place, claiming({ readOnly: true }), sources, found(hostPath));
    assert.deepEqual(told, ['directory /k/pods/u1 750', 'directory /srv 755']);
    assert.deepEqual([claimed.get('data')?.name, claimed.get('data')?.readOnly], ['pv', true]);
  });

  test('a local volume is bound into the pod and given to its group', async () => {
    const { place, told } = recording({ '/disk': 'directory' });
    const securityContext = { fsGroup: 7, fsGroupChangePolicy: 'OnRootMismatch' };
    await mountVolumes(place, claiming({}, { securityContext }), sources, found({ ...local, nodeAffinity: onNode('n1') }));
    assert.deepEqual(told.slice(1), [
      'bind /disk /k/pods/u1/volumes/kubernetes.io~local-volume/pv {"readOnly":false}',
      'group 7 {"readOnly":false,"onRootMismatch":true}',
    ]);
  });

  test('a local volume on a device has its file system shown in the pod', async () => {
    const { place, told } = recording({ '/disk': 'blockDevice' });
    const spec = { local: { path: '/disk', fsType: 'xfs' }, mountOptions: ['noatime'] };
    await mountVolumes(place, claiming({ readOnly: true }), sources, found(spec));
    const options = { fsType: 'xfs', options: ['noatime'], readOnly: true };
    assert.deepEqual(told.slice(1), [`device /disk /k/pods/u1/volumes/kubernetes.io~local-volume/pv ${JSON.stringify(options)}`]);
  });

  test('of another node is refused', async () => {
    assert.deepEqual(await failures(claiming(), found({ ...local, nodeAffinity: onNode('n2') }), { '/disk': 'directory' }), [
      'MountVolume.NodeAffinity check failed for volume "pv" : no matching NodeSelectorTerms',
    ]);
  });

  test('that is not there', async () => {
    assert.deepEqual(await failures(claiming(), found(local)), [
      'MountVolume.NewMounter initialization failed for volume "pv" : path "/disk" does not exist',
    ]);
  });

  test('a device is none unless it is', async () => {
    const devices = { containers: [{ name: 'a', volumeDevices: [{ name: 'data', devicePath: '/dev/x' }] }] };
    const block = found({ ...local, volumeMode: 'Block' });
    assert.deepEqual(await failures(claiming({}, devices), block, { '/disk': 'file' }), [
      'MapVolume.SetUpDevice failed for volume "pv" : /disk is not a block device',
    ]);
    const { place, told } = recording({ '/disk': 'blockDevice' });
    await mountVolumes(place, claiming({}, devices), sources, block);
    assert.equal(told.length, 1);
  });

  const unprocessed = (why: string): string[] => [
    `Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[data]: ${why}`,
  ];

  test('that cannot be used yet say why', async () => {
    const about = 'error processing PVC default/c: ';
    const mounting = { containers: [{ name: 'a', volumeMounts: [{ name: 'data', mountPath: '/d' }] }] };
    const cases: ReadonlyArray<readonly [ReadonlyMap<string, Found>, string]> = [
      [new Map([['c', { claim: 'nope' }]]), `${about}failed to fetch PVC from API server: nope`],
      [found(local, { status: { phase: 'Pending' } }), `${about}PVC is not bound`],
      [found(local, { metadata: { deletionTimestamp: 'now' } }), `${about}PVC is being deleted`],
      [found({ ...local, claimRef: { uid: 'c2' } }), `${about}PV pv claimRef UID c2 does not match PVC UID c1`],
      [found({ ...local, volumeMode: 'Block' }), 'volume data has volumeMode Block, but is specified in volumeMounts'],
      [found({ nfs: { server: 's', path: '/' } }), 'failed to get Plugin from volumeSpec for volume "pv" err=no volume plugin matched'],
    ];
    for (const [answers, why] of cases) assert.deepEqual(await failures(claiming({}, mounting), answers), unprocessed(why));
  });

  test('of ephemeral volumes are the pod’s own', async () => {
    const pod = testPod({ volumes: [{ name: 'data', ephemeral: { volumeClaimTemplate: { spec: {} } } }] });
    const answers = (uid: string): ReadonlyMap<string, Found> => {
      const [, one] = [...found(hostPath, { metadata: { name: 'web-data', ownerReferences: [{ uid, controller: true }] } })][0] ?? [];
      return new Map([['web-data', one ?? {}]]);
    };
    await mountVolumes(recording().place, pod, sources, answers('u1'));
    assert.deepEqual(
      await failures(pod, answers('u2')),
      unprocessed('PVC default/web-data was not created for pod default/web (pod is not owner)'),
    );
  });
});

test('a volume that fails does not keep the others back, each tells its own failure', async () => {
  const volumes = [
    { name: 'a', nfs: { server: 's', path: '/' } },
    { name: 'b', configMap: { name: 'no' } },
    { name: 'huge', emptyDir: { medium: 'HugePages' } },
    { name: 'c', emptyDir: {} },
  ];
  const { place, told } = recording();
  await assert.rejects(mountVolumes(place, testPod({ volumes }), sources), {
    each: [
      'MountVolume.SetUp failed for volume "a" : no volume plugin matched: nfs',
      'MountVolume.SetUp failed for volume "b" : configmap "no" not found',
      'MountVolume.SetUp failed for volume "huge" : this node has no huge pages for emptyDir medium HugePages',
    ],
  });
  assert.equal(told.at(-1), 'directory /k/pods/u1/volumes/kubernetes.io~empty-dir/c 777');
});

test('an update touches only what shows other objects; secrets live in memory', async () => {
  const volumes = [
    { name: 'map', configMap: { name: 'm', optional: true } },
    { name: 'secret', secret: { secretName: 's', optional: true } },
    { name: 'data', persistentVolumeClaim: { claimName: 'c' } },
    { name: 'dir', emptyDir: {} },
  ];
  const { place, told } = recording();
  await updateVolumes(place, testPod({ volumes }), sources, new Map());
  assert.deepEqual(told, ['tmpfs /k/pods/u1/volumes/kubernetes.io~secret/secret 1000']);
});

test('hostPath: what is missing is made by its type, and a file only where there is a directory', async () => {
  const mounted = (path: string, type: string, kinds: Record<string, PathKind> = {}) => {
    const { place } = recording(kinds);
    return mountVolumes(place, testPod({ volumes: [{ name: 'v', hostPath: { path, type } }] }), sources);
  };
  await mounted('/x', '');
  await mounted('/x/y', 'DirectoryOrCreate');
  await mounted('/x/y', 'FileOrCreate', { '/x': 'directory' });
  await mounted('/x', 'Socket', { '/x': 'socket' });
  await assert.rejects(mounted('/x/y', 'FileOrCreate'), /open \/x\/y: no such file or directory/);
  await assert.rejects(mounted('/x', 'DirectoryOrCreate', { '/x': 'file' }), /hostPath type check failed: \/x is not a directory/);
  await assert.rejects(mounted('/x', 'CharDevice', { '/x': 'file' }), /\/x is not a character device/);
});

test('memory volumes hold what the pod may use, at most', () => {
  const limited = (memory?: string): object => ({ name: 'c', resources: memory ? { limits: { memory } } : {} });
  const size = (containers: object[], sizeLimit?: string): number =>
    memoryVolumeSize(testPod({ containers }), sizeLimit === undefined ? {} : { sizeLimit }, 1000);
  assert.deepEqual(
    [size([limited()]), size([limited('300'), limited('400')]), size([limited('300'), limited()]), size([limited('300')], '100')],
    [1000, 700, 1000, 100],
  );
  assert.equal(size([limited()], '5000'), 1000);
});
