import { execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');

/** Why real containers cannot be run here; undefined when they can. */
export function whyNotReal(): string | undefined {
  if (process.platform !== 'linux') return 'containers need Linux';
  if (process.getuid?.() !== 0) return 'containers and network namespaces need root';
  const missing = ['containerd', 'runc', 'ip', 'nsenter'].filter((name) => !onPath(name));
  return missing.length > 0 ? `not installed: ${missing.join(', ')}` : undefined;
}

/** Programs of that name on the PATH, our own workspace binaries left out. */
export function onPath(name: string): string | undefined {
  const folders = `${process.env.PATH ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`.split(delimiter);
  return folders
    .filter((folder) => !folder.includes('node_modules'))
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));
}

/** What a command printed and how it ended. */
export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. Never throws for a non-zero exit; throws past `timeout` ms. */
export function run(
  file: string,
  args: readonly string[],
  { input, timeout = 60_000 }: { input?: string; timeout?: number } = {},
): Promise<Result> {
  return new Promise((done, fail) => {
    const child = execFile(file, [...args], { cwd: root, timeout, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error?.killed) fail(new Error(`${file} ${args.join(' ')} took more than ${timeout} ms\n${stdout}${stderr}`));
      else done({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr });
    });
    child.stdin?.end(input);
  });
}

/** A cluster of real processes in a network namespace of its own. */
export class RealCluster {
  readonly dataDir: string;
  readonly netns: string;
  readonly #flags: readonly string[];

  /** `flags` of `npm run up`; a test that needs addons names them. */
  constructor(name: string, flags: readonly string[] = []) {
    this.dataDir = mkdtempSync(join(tmpdir(), `keelson-${name}-`));
    this.netns = `klsn${name.slice(0, 4)}${this.dataDir.slice(-6)}`.toLowerCase();
    this.#flags = ['--addons', 'none', ...flags];
  }

  get kubeconfig(): string {
    return join(this.dataDir, 'admin.kubeconfig');
  }

  /** `npm run up`. @throws with all it printed when it fails. */
  async up(timeout = 240_000): Promise<Result> {
    const result = await script('up', ['--data-dir', this.dataDir, '--netns', this.netns, ...this.#flags], timeout);
    if (result.code !== 0) throw new Error(`up failed:\n${result.stdout}${result.stderr}\n${this.logs()}`);
    return result;
  }

  /** `npm run down` without forgetting the data. */
  stop(): Promise<Result> {
    return script('down', ['--data-dir', this.dataDir], 180_000);
  }

  async down(): Promise<Result> {
    const result = await script('down', ['--data-dir', this.dataDir, '--purge'], 180_000);
    rmSync(this.dataDir, { recursive: true, force: true });
    return result;
  }

  status(): Promise<Result> {
    return script('status', ['--data-dir', this.dataDir], 30_000);
  }

  /** Runs a command in the cluster's network namespace: where its services and pods can be reached. */
  inside(...command: readonly string[]): Promise<Result> {
    return run('nsenter', [`--net=/run/netns/${this.netns}`, ...command]);
  }

  /** The process id of one of the cluster's processes. */
  pid(name: string): number {
    const found = spawnSync('pgrep', ['-f', `${this.dataDir}.*${name}|${name}.*${this.dataDir}`], { encoding: 'utf8' });
    const pids = found.stdout.split('\n').filter(Boolean).map(Number);
    const own = pids.find((pid) => commandOf(pid).includes(`/${name}/`));
    if (own === undefined) throw new Error(`${name} is not running`);
    return own;
  }

  /** The last lines of every process's log, for a failure's message. */
  logs(): string {
    const { stdout } = spawnSync('sh', ['-c', `tail -n 15 ${this.dataDir}/logs/*.log`], { encoding: 'utf8' });
    return stdout;
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

function script(name: string, args: readonly string[], timeout: number): Promise<Result> {
  return run(process.execPath, [join(root, 'tools/with-node.mjs'), join(root, `deploy/local/src/${name}.ts`), ...args], { timeout });
}

/** A kubectl bound to a cluster. */
export interface Kubectl {
  readonly name: string;
  /** Runs it and returns standard output. @throws with what it printed on a non-zero exit. */
  (...args: readonly string[]): Promise<string>;
  run(args: readonly string[], input?: string): Promise<Result>;
  /** Starts one that goes on; lines arrive at `onLine` until `stop`. */
  follow(args: readonly string[], onLine: (line: string) => void): { stop(): void };
}

/** Our own kubectl, and upstream's where there is one. */
export function kubectls(cluster: RealCluster): Kubectl[] {
  const upstream = onPath('kubectl');
  const all = [bind('keelson', process.execPath, [join(root, 'kubectl/bin/kubectl.mjs')], cluster)];
  if (upstream) all.push(bind('upstream', upstream, [], cluster));
  return all;
}

function bind(name: string, file: string, first: readonly string[], cluster: RealCluster): Kubectl {
  const full = (args: readonly string[]): string[] => [...first, '--kubeconfig', cluster.kubeconfig, ...args];
  const call = async (...args: readonly string[]): Promise<string> => {
    const result = await run(file, full(args));
    if (result.code !== 0) throw new Error(`kubectl (${name}) ${args.join(' ')}: exit ${result.code}\n${result.stdout}${result.stderr}`);
    return result.stdout;
  };
  const follow: Kubectl['follow'] = (args, onLine) => {
    const child = spawn(file, full(args), { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] });
    let rest = '';
    child.stdout.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    });
    return { stop: () => void child.kill() };
  };
  const runOne: Kubectl['run'] = (args, input) => run(file, full(args), input === undefined ? {} : { input });
  const bound = Object.assign(call, { run: runOne, follow });
  return Object.defineProperty(bound, 'name', { value: name }) as Kubectl;
}
