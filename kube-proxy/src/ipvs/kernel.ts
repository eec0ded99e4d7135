import { execFile } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { promisify } from 'node:util';
import { errorMessage } from '@keelson/base';
import { feed } from '../iptables/kernel.ts';
import type { IpvsKernel } from './contract.ts';

const run = promisify(execFile);
const bigOutput = { maxBuffer: 1 << 29 };

/**
 * The network namespace this process runs in, or the one that `enter` (a command that runs another, as `nsenter --net=…`) leads to, by the
 * programs `ipvsadm`, `ipset` and `ip`. The node's addresses are always this process's.
 */
export function kernelIpvs(enter: readonly string[] = []): IpvsKernel {
  const command = (...all: string[]): [string, string[]] => {
    const [first = '', ...rest] = [...enter, ...all];
    return [first, rest];
  };
  const output = async (...all: string[]): Promise<string> => (await run(...command(...all), bigOutput)).stdout;
  return {
    servers: () => output('ipvsadm', '-Ln'),
    async restoreServers(text) {
      // It goes on after a line that it refuses, and forgets about it: only what it prints tells.
      const complaint = await feed(...command('ipvsadm', '--restore'), text);
      if (complaint !== '') throw new Error(`ipvsadm --restore: ${complaint}`);
    },
    sets: () => output('ipset', 'save').catch(noneWithoutProgram),
    restoreSets: async (text) => void (await feed(...command('ipset', 'restore', '-exist'), text)),
    addresses: (device) => output('ip', '-j', '-4', 'address', 'show', 'dev', device).then(parseAddresses, noneWithoutDevice),
    restoreAddresses: async (text) => void (await feed(...command('ip', '-batch', '-'), text)),
    nodeAddresses,
  };
}

function parseAddresses(text: string): readonly string[] {
  const [found]: { addr_info?: { local: string }[] }[] = JSON.parse(text || '[]');
  return found?.addr_info?.map(({ local }) => local) ?? [];
}

function noneWithoutDevice(error: { stderr?: string }): undefined {
  if (!error.stderr?.includes('does not exist')) throw error;
}

function nodeAddresses(device: string): readonly string[] {
  const others = Object.entries(networkInterfaces()).filter(([name]) => name !== device);
  const addresses = others.flatMap(([, all]) => all ?? []).filter(({ family, internal }) => family === 'IPv4' && !internal);
  return addresses.map(({ address }) => address).sort();
}

function noneWithoutProgram(error: { code?: unknown }): string {
  if (error.code === 'ENOENT') return '';
  throw error;
}

/** Why IPVS cannot be used here: what to install or load. Undefined when it can. */
export async function whyNoIpvs(): Promise<string | undefined> {
  for (const [program, args] of [
    ['ipset', ['list', '-name']],
    ['ipvsadm', ['-Ln']],
  ] as const) {
    const problem = await run(program, args).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (problem !== undefined) return reason(program, problem as { code?: unknown; stderr?: string });
  }
  return undefined;
}

/** Tells a kernel without IPVS from everything else that may go wrong. */
export function reason(program: string, error: { readonly code?: unknown; readonly stderr?: string }): string {
  if (error.code === 'ENOENT') return `${program} is not installed; install the package ${program}`;
  const [, why] = /Can't initialize ipvs: (.*)/.exec(error.stderr ?? '') ?? [];
  if (why === undefined) return `${program} failed: ${(error.stderr || errorMessage(error)).trim()}`;
  return /permi(tted|ssion)/i.test(why)
    ? `${program}: ${why}; run kube-proxy as root (or with CAP_NET_ADMIN)`
    : `the kernel has no IPVS (${why}); load its module with: modprobe ip_vs`;
}

/** Seconds; 0 leaves what is set. */
export async function setTimeouts(tcp: number, tcpFin: number, udp: number): Promise<void> {
  if (tcp + tcpFin + udp > 0) await run('ipvsadm', ['--set', ...[tcp, tcpFin, udp].map(String)]);
}
