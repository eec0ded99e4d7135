import assert from 'node:assert/strict';
import { test } from 'node:test';
import { userAgent, versionInfo } from './version.ts';

test('a process calls itself as Go clients do: its name, version, platform and build, then what part of it asks', () => {
  const whole = `kube-scheduler/${versionInfo.gitVersion} (${versionInfo.platform}) kubernetes/keelson`;
  assert.equal(userAgent('kube-scheduler'), whole);
  assert.equal(userAgent('kube-scheduler', 'leader-election'), `${whole}/leader-election`);
});
