import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cgroupBelow, cgroupRoot } from './cgroup-names.ts';

const below = (path: string, driver: string, ...names: string[]) => cgroupBelow(cgroupRoot(path, driver), names);

test('the kubelet and the runtime make plain paths', () => {
  assert.equal(below('/', 'cgroupfs', 'kubepods', 'pod1-2'), '/kubepods/pod1-2');
  assert.equal(below('/kubelet', 'cgroupfs', 'kubepods'), '/kubelet/kubepods');
  assert.equal(below('my.slice/', 'cgroupfs', 'kubepods'), '/my.slice/kubepods');
});

test('systemd has slices, whose names say where they are', () => {
  assert.equal(below('/', 'systemd', 'kubepods'), '/kubepods.slice');
  const pod = '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podab_cd.slice';
  assert.equal(below('/', 'systemd', 'kubepods', 'burstable', 'podab-cd'), pod);
  assert.equal(below('/kubelet', 'systemd', 'kubepods', 'podx'), '/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-podx.slice');
  assert.equal(below('/a-b/c', 'systemd', 'd'), '/a_b.slice/a_b-c.slice/a_b-c-d.slice');
  assert.equal(below('/kubelet.slice', 'systemd'), '/kubelet.slice');
});

test('another driver there is not', () => {
  assert.throws(() => cgroupRoot('/', 'cgroups'), {
    message: 'invalid configuration: cgroup driver "cgroups": must be cgroupfs or systemd',
  });
});
