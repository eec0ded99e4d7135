import assert from 'node:assert/strict';
import { test } from 'node:test';
import { versionInfo } from '@keelson/component';
import { versionFlag } from './version-flag.ts';

test('a version with a suffix is told instead of the own one', () => {
  const { argv, version } = versionFlag(['node', 'main.ts', '--version=v1.36.0+keelson-custom', '--secure-port=0']);
  assert.deepEqual(argv, ['node', 'main.ts', '--secure-port=0']);
  assert.deepEqual(version, { ...versionInfo, gitVersion: 'v1.36.0+keelson-custom' });
  assert.equal(versionFlag(['--version=v1.36.0']).version.gitVersion, 'v1.36.0');
});

test('what asks for the version is left as it is', () => {
  for (const flag of ['--version', '--version=true', '--v=4'])
    assert.deepEqual(versionFlag(['node', flag]), { argv: ['node', flag], version: versionInfo });
});

test('another release cannot be told', () => {
  for (const version of ['v1.35.0', 'v1.36.01', 'v2', 'v1.36.0-a b', 'v1.36.0 '])
    assert.throws(() => versionFlag([`--version=${version}`]), /only v1\.36\.0 with a suffix/, version);
});
