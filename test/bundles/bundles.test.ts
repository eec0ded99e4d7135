import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { silentLogger } from '@keelson/base';
import { bundlePath, ensureBundles } from '../../tools/bundle.ts';

/* What is imported late is bundled in other ways than the rest: each process does something here that needs it. */

const kinds = {
  kubelet: 'KubeletConfiguration',
  'kube-proxy': 'KubeProxyConfiguration',
  scheduler: 'KubeSchedulerConfiguration',
};

describe('bundles', () => {
  before(() => ensureBundles(silentLogger, [...Object.keys(kinds), 'kubectl']), { timeout: 60_000 });

  const run = (name: string, ...args: readonly string[]) => spawnSync(process.execPath, [bundlePath(name), ...args], { encoding: 'utf8' });

  for (const [name, kind] of Object.entries(kinds))
    test(`${name} reads its configuration file`, (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'keelson-bundle-'));
      t.after(() => rmSync(folder, { recursive: true }));
      const file = join(folder, 'config.yaml');
      writeFileSync(file, 'apiVersion: v1\nkind: Pod\n');
      const { status, stderr } = run(name, '--config', file);
      assert.equal(status, 1);
      assert.match(stderr, new RegExp(`no kind "Pod" is registered for version "v1": want ${kind}`));
    });

  test('kubectl reads a manifest', () => {
    const { stdout, stderr } = run('kubectl', 'create', 'configmap', 'a', '--from-literal=b=c', '--dry-run=client', '-o', 'yaml');
    assert.equal(stderr, '');
    assert.match(stdout, /^ {2}b: c$/m);
  });
});
