import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, PersistentVolume, Pod } from '@keelson/types';
import { podSpec } from '../pod/containers.ts';
import { testPod } from '../pod/testpod.ts';
import type { Claimed, ClaimedVolume } from '../volume/claims.ts';
import { ConfigError } from './errors.ts';
import { ownMounts, volumeDevices, volumeMounts } from './mounts.ts';

const paths = { root: '/k', logs: '/k/logs' };

/** A pod whose one container has `fields`, over volumes `v` (an emptyDir), `h` (a hostPath) and those given. */
function withMounts(fields: object, volumes: readonly object[] = []): { readonly pod: Pod; readonly container: Container } {
  const pod = testPod({
    containers: [{ name: 'app', image: 'nginx:1', ...fields }],
    volumes: [{ name: 'v', emptyDir: {} }, { name: 'h', hostPath: { path: '/srv' } }, ...volumes],
  });
  const [container] = podSpec(pod).containers;
  assert.ok(container);
  return { pod, container };
}

const none: Claimed = new Map();

test('volumes, sub paths and propagation', () => {
  const { pod, container } = withMounts({
    volumeMounts: [
      { name: 'v', mountPath: '/v', subPathExpr: '$(N)/x' },
      { name: 'h', mountPath: '/h', mountPropagation: 'Bidirectional' },
    ],
  });
  const volume = '/k/pods/u1/volumes/kubernetes.io~empty-dir/v';
  const plain = { readonly: false, propagation: 'private' };
  assert.deepEqual(volumeMounts({ pod, paths, claimed: none }, container, new Map([['N', 'n']])), [
    { ...plain, name: 'v', volume, subPath: 'n/x', containerPath: '/v', hostPath: `${volume}/n/x` },
    { ...plain, name: 'h', volume: '/srv', subPath: '', containerPath: '/h', hostPath: '/srv', propagation: 'bidirectional' },
  ]);
  assert.deepEqual(
    ownMounts(pod, container, 2, paths).map(({ containerPath }) => containerPath),
    ['/etc/hosts', '/dev/termination-log'],
  );
});

test('what cannot be mounted says why', () => {
  const mounting = (mount: object, variables: Record<string, string> = {}) => {
    const { pod, container } = withMounts({ volumeMounts: [{ name: 'v', mountPath: '/v', ...mount }] });
    return () => volumeMounts({ pod, paths, claimed: none }, container, new Map(Object.entries(variables)));
  };
  assert.throws(mounting({ subPath: '../x' }), new ConfigError("unable to provision SubPath `../x`: must not contain '..'"));
  assert.throws(mounting({ subPathExpr: '$(A)' }, { A: '/tmp' }), new ConfigError('error SubPath `/tmp` must not be an absolute path'));
  assert.throws(mounting({ subPathExpr: '$(B)/$(A)' }, { B: '' }), new ConfigError('missing value for A, B'));
  assert.throws(mounting({ recursiveReadOnly: 'Enabled' }), /not supported by the runtime/);
  assert.throws(mounting({ name: 'no' }), /cannot find volume "no" to mount into container "app"/);
});

test('claims: where their volumes are, read only as the pod asks, devices', () => {
  const claim = (type: 'hostPath' | 'local', more: Partial<ClaimedVolume> = {}): ClaimedVolume => ({
    name: 'pv',
    claim: 'c',
    source: { type, path: '/srv/pv', fsType: '' },
    readOnly: false,
    block: false,
    volume: {} as PersistentVolume,
    ...more,
  });
  const claims = ['a', 'b', 'c'].map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
  const uses = {
    volumeMounts: [...'ab'].map((name) => ({ name, mountPath: `/${name}` })),
    volumeDevices: [{ name: 'c', devicePath: '/dev/x' }],
  };
  const { pod, container } = withMounts(uses, claims);
  const claimed = new Map([
    ['a', claim('hostPath', { readOnly: true })],
    ['b', claim('local')],
    ['c', claim('local', { block: true })],
  ]);
  const mounts = volumeMounts({ pod, paths, claimed }, container, new Map());
  assert.deepEqual(
    mounts.map(({ hostPath, readonly }) => [hostPath, readonly]),
    [
      ['/srv/pv', true],
      ['/k/pods/u1/volumes/kubernetes.io~local-volume/pv', false],
    ],
  );
  assert.deepEqual(volumeDevices({ pod, paths, claimed }, container), [
    { containerPath: '/dev/x', hostPath: '/srv/pv', permissions: 'mrw' },
  ]);
});
