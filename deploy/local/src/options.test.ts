import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseDown, parseStatus, parseUp } from './options.ts';

describe('flags', () => {
  test('what was not said stays open', () => {
    assert.deepEqual({ ...parseUp([]) }, { dataDir: '.cluster', foreground: false });
    assert.deepEqual({ ...parseDown([]) }, { dataDir: '.cluster', purge: false });
    assert.deepEqual({ ...parseStatus(['--data-dir', 'x']) }, { dataDir: 'x' });
  });

  test('each is understood', () => {
    const etcd = parseUp([
      '--store',
      'etcd',
      '--etcd-servers',
      'https://10.0.0.1:2379,https://10.0.0.2:2379',
      '--port=7443',
      '--netns',
      'a-1',
    ]);
    assert.equal(etcd.store, 'etcd');
    assert.deepEqual(etcd.etcdServers, ['https://10.0.0.1:2379', 'https://10.0.0.2:2379']);
    assert.equal(etcd.port, 7443);
    assert.equal(etcd.netns, 'a-1');
    const model = parseUp(['--runtime', 'model', '--nodes', '3', '--foreground', '--no-masquerade']);
    assert.equal(model.runtime, 'model');
    assert.equal(model.nodes, 3);
    assert.equal(model.foreground, true);
    assert.equal(model.masquerade, false);
    assert.equal(parseUp(['--masquerade']).masquerade, true);
    assert.deepEqual(parseUp(['--addons', 'dns']).addons, ['dns']);
    assert.deepEqual(parseUp(['--addons', 'dns', '--addons', 'none']).addons, []);
  });

  for (const [args, sentence] of [
    [['--port', '0'], /'--port <n>' argument '0' is invalid. It must be a number from 1 to 65535/],
    [['--store', 'x'], /Allowed choices are sqlite, etcd, memory/],
    [['--netns', '../x'], /lower case letters, digits and dashes/],
    [['--etcd-servers', 'https://a:1'], /--etcd-servers goes with --store etcd/],
    [['--store', 'etcd', '--etcd-servers', 'a:1'], /http:\/\/ or https:\/\/ addresses/],
    [['--runtime', 'containerd', '--nodes', '2'], /--nodes goes with --runtime model/],
    [['--addons', 'dns,dms'], /unknown addon "dms": there are dns/],
    [['--runtime', 'model', '--addons', 'dns'], /--addons goes with --runtime containerd/],
    [['extra'], /too many arguments/],
  ] as const) {
    test(`${args.join(' ')} is refused in one sentence`, () => {
      const up = fileURLToPath(new URL('./up.ts', import.meta.url));
      const { status, stdout, stderr } = spawnSync(process.execPath, [up, ...args], { encoding: 'utf8' });
      assert.equal(status, 1);
      assert.equal(stdout, '');
      assert.match(stderr, sentence);
    });
  }
});
