import { execFile } from 'node:child_process';
import { networkInterfaces, release } from 'node:os';
import { promisify } from 'node:util';
import { errorMessage } from '@keelson/base';
import { feed } from '../iptables/kernel.ts';
import type { Nft } from './contract.ts';
import { table } from './transaction.ts';

const run = promisify(execFile);
const bigOutput = { maxBuffer: 1 << 29 };

/**
 * The table of the network namespace this process runs in, or of the one that `enter` (a command that runs another, as `nsenter --net=…`)
 * leads to, by the program `nft`. The addresses are always this process's.
 */
export function kernelNft(enter: readonly string[] = []): Nft {
  const command = (...args: string[]): [string, string[]] => {
    const [first = 'nft', ...rest] = [...enter, 'nft', ...args];
    return [first, rest];
  };
  return {
    list: () => run(...command('-y', '-p', 'list', 'table', ...table.split(' ')), bigOutput).then(({ stdout }) => stdout, noneWithoutTable),
    run: async (script) => {
      // nft repeats the whole line that it stumbles over, with thousands of elements.
      await feed(...command('-f', '-'), script).catch((error: unknown) => Promise.reject(new Error(errorMessage(error).slice(0, 1000))));
    },
    holds: (name) =>
      run(...command('list', 'set', ...table.split(' '), name), bigOutput).then(
        () => true,
        () => false,
      ),
    addresses: () => Object.values(networkInterfaces()).flatMap((all) => (all ?? []).filter(isIPv4).map(({ address }) => address)),
  };
}

function noneWithoutTable(error: { stderr?: string }): string {
  if (error.stderr?.includes('No such file or directory')) return '';
  throw error;
}

function isIPv4({ family }: { readonly family: string }): boolean {
  return family === 'IPv4';
}

/** Why nftables cannot be used here, as upstream finds out: no nft, one before 1.0.1, an old kernel, no right. Undefined when it can. */
export async function whyNoNftables(env: NodeJS.ProcessEnv = process.env, kernel = release()): Promise<string | undefined> {
  try {
    const problem = tooOld((await run('nft', ['--version'])).stdout);
    if (problem !== undefined) return problem;
    await run('nft', ['--check', 'add', 'table', ...table.split(' ')]);
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    if (code === 'ENOENT') return 'nft is not installed; install the package nftables';
    const why = (stderr || errorMessage(error)).trim();
    return /permi(tted|ssion)/i.test(why) ? `nft: ${why}; run kube-proxy as root (or with CAP_NET_ADMIN)` : `nft failed: ${why}`;
  }
  const [major = 0, minor = 0] = kernel.split('.').map(Number);
  if (env.KUBE_PROXY_NFTABLES_SKIP_KERNEL_VERSION_CHECK || major > 5 || (major === 5 && minor >= 13)) return undefined;
  return 'kube-proxy in nftables mode requires kernel 5.13 or later';
}

/** Before 1.0.1 nft reads everybody's tables whatever it is asked, and ends when it does not understand one. */
export function tooOld(version: string): string | undefined {
  return /^nftables v(0\.|1\.0\.0 )/.test(version) ? `nft version must be v1.0.1 or later (got ${version.trim()})` : undefined;
}
