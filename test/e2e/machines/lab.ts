import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Result, root, run } from '../cluster.ts';

/*
 * Machines made of namespaces: each with its own network, host name and files, joined by one more network namespace, the hub. None of them
 * has a default route: nothing leaves.
 */

const kubeadm = join(root, 'deploy/kubeadm/bin/kubeadm.mjs');
const kubectl = join(root, 'kubectl/bin/kubectl.mjs');

/** Service addresses, which packets need some way to before they are translated. */
const services = '10.96.0.0/12';

export interface LabOptions {
  /** Told apart from other labs of the same test by it: two letters at most. */
  readonly name: string;
  readonly machines: number;
  /** Whether each machine has a network of its own, with a router between that knows no pods; else all are on one switch. */
  readonly routed?: boolean;
}

/** A few machines and what is between them. */
export class Lab {
  readonly machines: readonly Machine[];
  readonly #prefix: string;
  readonly #directory: string;
  readonly #stop = (): void => void this.close().finally(() => process.exit(1));

  constructor({ name, machines, routed = false }: LabOptions) {
    this.#prefix = `kl${process.pid}${name}`;
    this.#directory = mkdtempSync(join(tmpdir(), `${this.#prefix}-`));
    // A test that is stopped leaves nothing behind either.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, this.#stop);
    const hub = `${this.#prefix}h`;
    sh(`ip netns add ${hub}; ip -n ${hub} link set lo up`);
    sh(
      routed
        ? `nsenter --net=/run/netns/${hub} sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'`
        : `ip -n ${hub} link add switch type bridge; ip -n ${hub} link set switch up`,
    );
    const made: Machine[] = [];
    this.machines = made;
    for (let index = 1; index <= machines; index += 1) {
      const machine = new Machine(
        `m${index}`,
        `${this.#prefix}${index}`,
        routed ? `10.88.${index}.10` : `10.88.0.1${index}`,
        this.#directory,
      );
      made.push(machine);
      plug(machine, hub, index, routed);
    }
  }

  machine(number: number): Machine {
    const machine = this.machines[number - 1];
    if (!machine) throw new Error(`there is no machine ${number}`);
    return machine;
  }

  /** Ends everything, whatever state it is in. */
  async close(): Promise<void> {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, this.#stop);
    await Promise.all(this.machines.map((machine) => machine.remove().catch((error: unknown) => process.stderr.write(`${error}\n`))));
    for (const name of readdirSync('/run/netns').filter((each) => each.startsWith(this.#prefix))) {
      spawnSync('sh', ['-c', `ip netns pids ${name} | xargs -r kill -9; ip netns delete ${name}`]);
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** One machine: everything in it is run through `run`. */
export class Machine {
  readonly name: string;
  readonly netns: string;
  readonly address: string;
  /** What would be `/` on a machine of its own. */
  readonly root: string;

  constructor(name: string, netns: string, address: string, directory: string) {
    this.name = name;
    this.netns = netns;
    this.address = address;
    this.root = join(directory, name);
    mkdirSync(this.root);
  }

  /** Runs a program on the machine. Never throws for a non-zero exit. */
  run(...command: readonly string[]): Promise<Result> {
    const [file = '', ...args] = this.within(command);
    return run(file, args, { timeout: 150_000 });
  }

  /** Starts a program on the machine that goes on, and returns its process id. Its output goes to a file of its name. */
  start(...command: readonly string[]): number {
    const [file = '', ...args] = this.within(command);
    const log = openSync(join(this.root, `${command[0]}.log`), 'a');
    const child = spawn(file, args, { detached: true, stdio: ['ignore', log, log] });
    child.unref();
    // Each program on the way to the last one replaces itself.
    if (child.pid === undefined) throw new Error(`${command[0]} could not be started`);
    return child.pid;
  }

  /** `kubeadm` below the machine's root. */
  kubeadm(...args: readonly string[]): Promise<Result> {
    return this.run(process.execPath, kubeadm, ...args, '--root', this.root);
  }

  /** As `kubeadm`. @throws with all it printed when it fails. */
  async must(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.kubeadm(...args);
    if (code !== 0) throw new Error(`kubeadm ${args.join(' ')} on ${this.name}: exit ${code}\n${stdout}${stderr}\n${this.logs()}`);
    return stdout;
  }

  /** `kubectl` as this control plane's administrator. @throws with what it printed when it fails. */
  async kubectl(...args: readonly string[]): Promise<string> {
    const result = await this.run(process.execPath, kubectl, '--kubeconfig', join(this.root, 'etc/kubernetes/admin.conf'), ...args);
    if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: exit ${result.code}\n${result.stdout}${result.stderr}`);
    return result.stdout;
  }

  /** Makes objects from a manifest. */
  async apply(manifest: string): Promise<void> {
    const admin = join(this.root, 'etc/kubernetes/admin.conf');
    const [file = '', ...args] = this.within([process.execPath, kubectl, '--kubeconfig', admin, 'apply', '-f', '-']);
    const { code, stderr } = await run(file, args, { input: manifest });
    if (code !== 0) throw new Error(`kubectl apply: ${stderr}`);
  }

  /** The process of that name. @throws when none was started. */
  pid(name: string): number {
    return (JSON.parse(readFileSync(join(this.root, `var/lib/keelson/run/${name}.json`), 'utf8')) as { pid: number }).pid;
  }

  /** The plug is pulled: whatever runs ends at once, containers included. */
  kill(): void {
    this.#killAll();
    // What a supervisor started again while it was its turn to end.
    this.#killAll();
  }

  #killAll(): void {
    const pids = this.#pids();
    const cgroup = pids
      .map(commandLine)
      .flatMap((line) => line.filter((word) => word.startsWith('--cgroup-root=')))[0]
      ?.split('=')[1];
    for (const pid of [...pids, ...(cgroup ? pidsBelow(cgroup) : [])]) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone with its parent.
      }
    }
  }

  /** What is left on the machine that would not be on a new one. */
  leftovers(): string[] {
    const inside = (command: string): string[] =>
      lines(spawnSync('nsenter', [`--net=/run/netns/${this.netns}`, 'sh', '-c', command]).stdout);
    return [
      ...this.#pids().map((pid) => `process ${commandLine(pid).join(' ')}`),
      ...readdirSync(this.root).filter((name) => !name.endsWith('.log')),
      ...inside("ip -o link | cut -d' ' -f2").filter((name) => !/^(lo:|eth0@)/.test(name)),
      ...inside('ip route | grep -v "dev eth0"'),
      ...inside('iptables-save | grep ^-A'),
      ...lines(readFileSync('/proc/self/mountinfo')).filter((line) => line.includes(`${this.root}/`)),
    ];
  }

  async remove(): Promise<void> {
    if (readdirSync(this.root).length > 0) {
      const { code, stdout, stderr } = await this.kubeadm('reset', '--force');
      if (code !== 0) process.stderr.write(`kubeadm reset on ${this.name}: ${stdout}${stderr}\n${this.logs()}`);
    }
    this.kill();
    rmSync(this.root, { recursive: true, force: true });
  }

  /** The last lines of every process's log, for a failure's message. */
  logs(): string {
    return spawnSync('sh', ['-c', `tail -n 8 ${this.root}/var/lib/keelson/logs/*.log`], { encoding: 'utf8' }).stdout;
  }

  /** The command line that runs a program on the machine. */
  within(command: readonly string[]): string[] {
    const named = ['unshare', '--uts', 'sh', '-c', `hostname ${this.name}; exec "$@"`, 'sh', ...command];
    return ['nsenter', `--net=/run/netns/${this.netns}`, ...named];
  }

  #pids(): number[] {
    return lines(spawnSync('ip', ['netns', 'pids', this.netns]).stdout).map(Number);
  }
}

/** Gives a machine its cable. On a router's side it ends at an address, on a switch's at the switch. */
function plug({ netns, address }: Machine, hub: string, index: number, routed: boolean): void {
  const port = `port${index}`;
  const gateway = address.replace(/\d+$/, '1');
  const hubSide = routed ? `ip -n ${hub} address add ${gateway}/24 dev ${port}` : `ip -n ${hub} link set ${port} master switch`;
  sh(`ip netns add ${netns}; ip link add ${port} netns ${hub} type veth peer name eth0 netns ${netns}`);
  sh(`ip -n ${netns} address add ${address}/24 dev eth0; ip -n ${netns} link set eth0 up; ip -n ${netns} link set lo up`);
  sh(`${hubSide}; ip -n ${hub} link set ${port} up`);
  sh(`ip -n ${netns} route add ${services} dev eth0 src ${address}`);
  if (routed) sh(`ip -n ${netns} route add 10.88.0.0/16 via ${gateway}`);
}

/** @throws with what it printed when one of the commands fails. */
function sh(script: string): void {
  const { status, stderr } = spawnSync('sh', ['-ec', script], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${script}: ${stderr}`);
}

function lines(text: string | Buffer): string[] {
  return String(text).split('\n').filter(Boolean);
}

function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

/** The processes of a cgroup and of those below it, in every hierarchy of either version. */
function pidsBelow(cgroup: string): number[] {
  const folders = ['/sys/fs/cgroup', ...readdirSync('/sys/fs/cgroup').map((name) => `/sys/fs/cgroup/${name}`)];
  const present = folders.map((folder) => join(folder, cgroup)).filter((folder) => existsSync(folder));
  const found = present.flatMap((folder) => lines(spawnSync('sh', ['-c', `find ${folder} -name cgroup.procs -exec cat {} +`]).stdout));
  return [...new Set(found.map(Number))];
}
