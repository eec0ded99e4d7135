import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { it } from 'node:test';
import { noNamespaces } from './testnode.ts';

const why = noNamespaces([]);
if (why) console.error(`SKIPPED: kube-proxy's kernel settings: ${why}`);

it('half-closed and idle connections are remembered as long as upstream has it, in its own network namespace', { skip: why }, () => {
  const main = join(import.meta.dirname, 'main.ts');
  const settings = ['close_wait', 'established'].map((name) => `/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_${name}`);
  const script = `"$0" ${main} --init-only "$@" && cat ${settings.join(' ')}`;
  const timeouts = (...flags: readonly string[]): string[] => {
    const { stdout, stderr, status } = spawnSync('unshare', ['--net', 'sh', '-c', script, process.execPath, ...flags], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    return stdout.trim().split('\n').slice(-2);
  };
  assert.deepEqual(timeouts(), ['3600', '86400']);
  assert.deepEqual(timeouts('--conntrack-tcp-timeout-close-wait=2m', '--conntrack-tcp-timeout-established=0s'), ['120', '432000']);
});
