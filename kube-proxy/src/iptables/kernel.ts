import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { errorMessage } from '@keelson/base';
import type { Rules } from './contract.ts';

const run = promisify(execFile);
const bigOutput = { maxBuffer: 1 << 29 };

/** Which of the machine's iptables: `nft`, `legacy`, the plain `iptables` of the PATH, or whichever fits the machine. */
export type Flavour = 'auto' | 'nft' | 'legacy' | 'iptables';

export const flavours: readonly Flavour[] = ['auto', 'nft', 'legacy', 'iptables'];

/**
 * The tables of the network namespace this process runs in, or of the one that `enter` (a command that runs another, as
 * `nsenter --net=…`) leads to. @throws when no usable iptables is installed.
 */
export async function kernelRules(flavour: Flavour, enter: readonly string[] = []): Promise<Rules> {
  const command = (name: string, ...args: string[]): [string, string[]] => {
    const [first = name, ...rest] = [...enter, name, ...args];
    return [first, rest];
  };
  const binary = await chooseBinary(flavour, (name, ...args) => run(...command(name, ...args), bigOutput).then(({ stdout }) => stdout));
  return {
    save: async () => (await run(...command(`${binary}-save`), bigOutput)).stdout,
    restore: async (script) => void (await feed(...command(`${binary}-restore`, '-w', '5', '--noflush'), script)),
    hasChain: async (table, chain) =>
      run(...command(binary, '-w', '5', '-t', table, '-S', chain)).then(
        () => true,
        () => false,
      ),
  };
}

type Output = (name: string, ...args: string[]) => Promise<string>;

/**
 * nft, because changing one service among many costs a twentieth of legacy (docs/decisions/kube-proxy-iptables-backend.md); legacy where
 * somebody else already keeps rules there, since packets would otherwise pass two rule sets that know nothing of each other.
 */
async function chooseBinary(flavour: Flavour, output: Output): Promise<string> {
  if (flavour === 'iptables') return 'iptables';
  if (flavour !== 'auto') return `iptables-${flavour}`;
  const succeeds = (pattern: RegExp, name: string, ...args: string[]): Promise<boolean> =>
    output(name, ...args).then(
      (text) => pattern.test(text),
      () => false,
    );
  if (await succeeds(/^:KUBE-/m, 'iptables-legacy-save')) return 'iptables-legacy';
  for (const binary of ['iptables-nft', 'iptables', 'iptables-legacy']) {
    if (await succeeds(/PREROUTING/, binary, '-w', '5', '-t', 'nat', '-S', 'PREROUTING')) return binary;
  }
  throw new Error('no usable iptables: install the package iptables, and run kube-proxy as root (or with CAP_NET_ADMIN)');
}

/** Runs a program with `input`; resolves to what it printed as errors. @throws when it exits with another code than 0. */
export function feed(command: string, args: readonly string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    child.on('error', (error) => reject(new Error(`${command}: ${errorMessage(error)}`)));
    child.on('close', (code) =>
      code === 0 ? resolve(complaint.trim()) : reject(new Error(`${command} exited with ${code}: ${complaint.trim()}`)),
    );
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
