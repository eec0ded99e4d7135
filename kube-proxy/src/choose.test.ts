import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { whyNoIpvs } from './ipvs/kernel.ts';

function start(...flags: string[]): { readonly status: number | null; readonly stderr: string } {
  return spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts'), ...flags], { encoding: 'utf8', timeout: 30_000 });
}

const noIpvs = await whyNoIpvs();

describe('--proxy-mode', () => {
  it('an unknown one is refused in one sentence', () => {
    const { status, stderr } = start('--proxy-mode=userspace');
    assert.equal(status, 1);
    assert.match(stderr, /^kube-proxy: unsupported proxy mode "userspace": must be iptables, ipvs or nftables\n$/);
  });

  it('nftables is done by iptables, and said so', () => {
    const { status, stderr } = start('--proxy-mode=nftables', '--iptables-binary=none');
    assert.equal(status, 1);
    assert.match(stderr, /falling back to iptables/);
    assert.match(stderr, /invalid argument "none" for "--iptables-binary"/);
  });

  it('ipvs where the kernel has none says what to do', { skip: noIpvs === undefined && 'this kernel has IPVS' }, () => {
    const { status, stderr } = start('--proxy-mode=ipvs');
    assert.equal(status, 1);
    assert.equal(stderr, `kube-proxy: cannot use --proxy-mode=ipvs: ${noIpvs}; or add --fall-back-to-iptables\n`);
  });

  it('ipvs falls back where it may', { skip: noIpvs === undefined && 'this kernel has IPVS' }, () => {
    const { status, stderr } = start('--proxy-mode=ipvs', '--fall-back-to-iptables', '--iptables-binary=none');
    assert.equal(status, 1);
    assert.match(stderr, /falling back to iptables/);
    assert.match(stderr, /invalid argument "none" for "--iptables-binary"/);
  });
});
