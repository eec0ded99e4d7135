import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerdConfig } from './config.ts';
import { cgroupRoots, mountsBeneath, parseMounts } from './mounts.ts';
import { isShimOf } from './remove.ts';

const config = {
  dataDir: '/d',
  cniBinDir: '/usr/lib/cni',
  cniConfDir: '/d/cni',
  pauseImage: 'registry.k8s.io/pause:3.10.2',
  version: '1.6.20',
};

test('the configuration has the form of its containerd', () => {
  const old = containerdConfig(config);
  assert.match(old, /^version = 2\n/);
  assert.match(old, /\[plugins\."io\.containerd\.grpc\.v1\.cri"\]\nsandbox_image = "registry\.k8s\.io\/pause:3\.10\.2"\n/);
  const modern = containerdConfig({ ...config, version: '2.1.4' });
  assert.match(modern, /^version = 3\n/);
  assert.match(modern, /\[plugins\."io\.containerd\.cri\.v1\.images"\.pinned_images\]\nsandbox = "registry\.k8s\.io\/pause:3\.10\.2"\n/);
  assert.doesNotMatch(modern, /grpc\.v1\.cri/);
});

test('mounts are unmounted from the inside out, and only those beneath', () => {
  const mounts = parseMounts(
    [
      '22 1 8:1 / / rw - ext4 /dev/vda rw',
      '30 22 0:20 / /d rw shared:1 - ext4 /dev/vda rw',
      '31 30 0:21 / /d/a\\040b rw - tmpfs tmpfs rw',
      '32 22 0:22 / /data rw - tmpfs tmpfs rw',
      '33 22 0:23 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu',
      '34 22 0:24 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
      '',
    ].join('\n'),
  );
  assert.deepEqual(mountsBeneath(mounts, '/d'), ['/d/a b', '/d']);
  assert.deepEqual(cgroupRoots(mounts), ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup/unified']);
});

test('only shims of that socket are its shims', () => {
  const shim = ['/usr/bin/containerd-shim-runc-v2', '-namespace', 'k8s.io', '-id', 'x', '-address', '/d/containerd.sock'];
  assert.ok(isShimOf(shim, '/d/containerd.sock'));
  assert.ok(!isShimOf(shim, '/other/containerd.sock'));
  assert.ok(!isShimOf(['vi', '-address', '/d/containerd.sock'], '/d/containerd.sock'));
  assert.ok(!isShimOf(['/d/containerd.sock'], '/d/containerd.sock'));
});
