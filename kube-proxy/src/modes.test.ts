import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { silentLogger, systemClock } from '@keelson/base';
import { IptablesBackend } from './iptables/iptables.ts';
import { kernelRules } from './iptables/kernel.ts';
import { kernelNft } from './nftables/kernel.ts';
import { NftablesBackend } from './nftables/nftables.ts';
import { render } from './testdata.ts';
import { inside, noNamespaces } from './testnode.ts';

const why = noNamespaces([
  ['nft', '--version'],
  ['iptables-nft', '--version'],
]);
if (why) console.error(`SKIPPED: what kube-proxy's modes leave to each other: ${why}`);

const netns = `nft-modes-${process.pid}`;
const enter = ['ip', 'netns', 'exec', netns];

/** Starts kube-proxy in the namespace, with another PATH if told. With no API server to go to it ends once it has chosen its mode. */
function kubeProxy(path: string | undefined, ...flags: string[]): { readonly status: number | null; readonly stderr: string } {
  const env = { ...process.env, ...(path !== undefined && { PATH: path }) };
  const [command = '', ...args] = [...enter, process.execPath, join(import.meta.dirname, 'main.ts'), '--iptables-binary=nft', ...flags];
  return spawnSync(command, args, { encoding: 'utf8', timeout: 60_000, env });
}

async function leaveIptables(): Promise<void> {
  await new IptablesBackend({ rules: await kernelRules('nft', enter), render, log: silentLogger }).resync([]);
}

async function leaveNftables(): Promise<void> {
  const parts = { nodePortAddresses: [], clock: systemClock, log: silentLogger, onCleanupFailure: () => undefined };
  await new NftablesBackend({ nft: kernelNft(enter), render, ...parts }).resync([], { nodeIP: undefined, serviceRanges: [] });
}

const left = (): { readonly iptables: boolean; readonly nftables: boolean } => {
  const ruleset = inside(netns, 'nft', 'list', 'ruleset');
  return { iptables: ruleset.includes('KUBE-'), nftables: ruleset.includes('table ip kube-proxy') };
};

describe('what a mode left behind', { skip: why ?? false }, () => {
  before(() => execFileSync('ip', ['netns', 'add', netns]));
  after(() => execFileSync('ip', ['netns', 'del', netns]));

  for (const [mode, kept] of [
    ['nftables', { iptables: false, nftables: true }],
    ['iptables', { iptables: true, nftables: false }],
  ] as const) {
    it(`goes when kube-proxy starts with ${mode}, whose own stays`, async () => {
      await leaveIptables();
      await leaveNftables();
      assert.deepEqual(left(), { iptables: true, nftables: true });
      const { stderr } = kubeProxy(undefined, `--proxy-mode=${mode}`, '--kubeconfig=/nonexistent');
      assert.match(stderr, /nonexistent/);
      assert.deepEqual(left(), kept);
    });
  }

  it('goes with --cleanup, whichever it was', async () => {
    await leaveIptables();
    await leaveNftables();
    assert.equal(kubeProxy(undefined, '--cleanup').status, 0);
    assert.deepEqual(left(), { iptables: false, nftables: false });
  });

  it('is no trouble where nftables is all there is', async () => {
    await leaveNftables();
    const folder = mkdtempSync(join(tmpdir(), 'nft-modes-'));
    for (const program of ['nft', 'ip']) symlinkSync(execFileSync('which', [program], { encoding: 'utf8' }).trim(), join(folder, program));
    const { status, stderr } = kubeProxy(folder, '--iptables-binary=auto', '--cleanup');
    rmSync(folder, { recursive: true });
    assert.equal(status, 0, stderr);
    assert.equal(left().nftables, false);
  });
});
