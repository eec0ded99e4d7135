import { execFile, execFileSync, spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { onPath, type Result, root } from '../cluster.ts';
import type { Client } from './steps.ts';

/** A kubectl of one minor version. */
export interface Upstream {
  readonly file: string;
  readonly minor: number;
  /** Set for our own. */
  readonly own?: boolean;
}

/** Our own kubectl. */
export const ours: Upstream = { file: join(root, 'kubectl/bin/kubectl.mjs'), minor: 36, own: true };

/** Folders where several versions stand beside each other, as `kubectl.1.NN`. */
const shelves = ['/usr/lib/google-cloud-sdk/bin', '/usr/local/bin'];

/** Upstream's kubectls of this machine, the newest first, one of each minor version. */
export function upstreams(): Upstream[] {
  const first = onPath('kubectl');
  const files = [...(first ? [first] : []), ...shelves.flatMap((folder) => globSync(`${folder}/kubectl.1.[0-9]*`))];
  const found = new Map(files.map((file) => [minorOf(file), file] as const).reverse());
  return [...found].map(([minor, file]) => ({ minor, file })).sort((a, b) => b.minor - a.minor);
}

function minorOf(file: string): number {
  const text = execFileSync(file, ['version', '--client', '-o', 'json'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const { clientVersion } = JSON.parse(text) as { clientVersion: { minor: string } };
  return Number.parseInt(clientVersion.minor, 10);
}

/** Milliseconds one command may take. */
const limit = 60_000;

/** A kubectl bound to a cluster, with a cache of its own. */
export function clientOf({ file, minor, own = false }: Upstream, kubeconfig: string, cache: string): Client {
  const before = ['--kubeconfig', kubeconfig, '--cache-dir', cache];
  const run: Client['run'] = (args, input, env) =>
    new Promise<Result>((done, fail) => {
      const options = { timeout: limit, maxBuffer: 64 * 1024 * 1024, env: { ...process.env, ...env } };
      const child = execFile(file, [...before, ...args], options, (error, stdout, stderr) => {
        if (error?.killed) fail(new Error(`${file} ${args.join(' ')} took more than ${limit} ms\n${stdout}${stderr}`));
        else done({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr });
      });
      // One that does not read its input may be gone before it is written.
      child.stdin?.on('error', () => undefined).end(input);
    });
  return { minor, own, run };
}

/** Starts one that goes on; `seen` gets all it has printed each time it prints more. */
export function follow({ file }: Upstream, args: readonly string[], seen: (printed: string) => void): { stop(): void } {
  const child = spawn(file, [...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
    seen(printed);
  });
  return { stop: () => void child.kill() };
}
