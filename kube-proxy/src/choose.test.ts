import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { whyNoIpvs } from './ipvs/kernel.ts';
import { whyNoNftables } from './nftables/kernel.ts';

function start(...flags: string[]): { readonly status: number | null; readonly stderr: string } {
  return spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts'), ...flags], { encoding: 'utf8', timeout: 30_000 });
}

/** On a machine that has no programs at all. */
function startWithout(...flags: string[]): { readonly status: number | null; readonly stderr: string } {
  const env = { ...process.env, PATH: '/nonexistent' };
  return spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts'), ...flags], { encoding: 'utf8', timeout: 30_000, env });
}

const noIpvs = await whyNoIpvs();
const noNft = await whyNoNftables();

it('nftables wants kernel 5.13, unless it is told not to look', { skip: noNft ?? false }, async () => {
  assert.equal(await whyNoNftables({}, '5.12.19-x'), 'kube-proxy in nftables mode requires kernel 5.13 or later');
  assert.equal(await whyNoNftables({ KUBE_PROXY_NFTABLES_SKIP_KERNEL_VERSION_CHECK: '1' }, '5.12.19'), undefined);
  assert.equal(await whyNoNftables({}, '5.13.0'), undefined);
  assert.equal(await whyNoNftables({}, '6.1.0-18-amd64'), undefined);
});

describe('--proxy-mode', () => {
  it('an unknown one is refused in one sentence', () => {
    const { status, stderr } = start('--proxy-mode=userspace');
    assert.equal(status, 1);
    assert.match(stderr, /^kube-proxy: unsupported proxy mode "userspace": must be iptables, ipvs or nftables\n$/);
  });

  it('nftables without nft says what to do, and falls back where it may', () => {
    const { status, stderr } = startWithout('--proxy-mode=nftables');
    assert.equal(status, 1);
    assert.equal(
      stderr,
      'kube-proxy: cannot use --proxy-mode=nftables: nft is not installed; install the package nftables; or add --fall-back-to-iptables\n',
    );
    const fallen = startWithout('--proxy-mode=nftables', '--fall-back-to-iptables', '--iptables-binary=none');
    assert.equal(fallen.status, 1);
    assert.match(fallen.stderr, /falling back to iptables/);
    assert.match(fallen.stderr, /invalid argument "none" for "--iptables-binary"/);
  });

  it('an address of node ports that is none is refused', { skip: noNft ?? false }, () => {
    const { status, stderr } = start('--proxy-mode=nftables', '--nodeport-addresses=10.0.0.1');
    assert.equal(status, 1);
    assert.match(stderr, /invalid argument "10\.0\.0\.1" for "--nodeport-addresses" flag: must be CIDRs, or primary alone/);
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
