import { type ChildProcess, execFileSync, spawn } from 'node:child_process';

/** Why namespaces with `programs` in them cannot be made here; undefined when they can. */
export function noNamespaces(programs: readonly (readonly [string, string])[]): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  try {
    for (const [program, version] of programs) execFileSync(program, [version], { stdio: 'ignore' });
    execFileSync('ip', ['netns', 'add', `kpt-probe-${process.pid}`], { stdio: 'ignore' });
    execFileSync('ip', ['netns', 'del', `kpt-probe-${process.pid}`], { stdio: 'ignore' });
    return undefined;
  } catch {
    return `needs ${programs.map(([program]) => program).join(', ')} and the right to make network namespaces`;
  }
}

/**
 * A node's namespace with two pods (10.244.1.1 and .2, port 8080, TCP) behind a bridge and an outside client (192.0.2.2, the node being
 * 192.0.2.1), all leading nowhere else. A pod answers with its name and who asked.
 */
export class TestNode {
  readonly node: string;
  readonly pod1: string;
  readonly pod2: string;
  readonly out: string;
  readonly #servers: ChildProcess[] = [];

  constructor(prefix: string) {
    const name = (what: string): string => `${prefix}-${what}-${process.pid}`;
    [this.node, this.pod1, this.pod2, this.out] = [name('node'), name('p1'), name('p2'), name('out')];
  }

  get enter(): string[] {
    return ['ip', 'netns', 'exec', this.node];
  }

  build(): void {
    for (const name of this.#names()) {
      ip('netns', 'add', name);
      inside(name, 'ip', 'link', 'set', 'lo', 'up');
    }
    inside(this.node, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
    inside(this.node, 'ip', 'link', 'add', 'br0', 'type', 'bridge');
    inside(this.node, 'ip', 'addr', 'add', '10.244.1.254/24', 'dev', 'br0');
    inside(this.node, 'ip', 'link', 'set', 'br0', 'up');
    for (const [i, pod] of [this.pod1, this.pod2].entries()) this.#addPod(pod, i);
    this.#connect(this.out, 'out', '192.0.2.2/24', '192.0.2.1');
    inside(this.node, 'ip', 'addr', 'add', '192.0.2.1/24', 'dev', 'out');
    // The kernel looks for a route before it translates what the node itself sends; here no default route serves.
    inside(this.node, 'ip', 'route', 'add', '10.96.0.0/16', 'dev', 'out');
  }

  close(): void {
    for (const server of this.#servers) server.kill();
    for (const name of this.#names()) ip('netns', 'del', name);
  }

  /** What the server says to a client in `from`; the connection's failure as a word when there is none. */
  ask(from: string, address: string, ...options: readonly string[]): string {
    try {
      const target = [`TCP:${address}`, 'connect-timeout=2', ...options].join(',');
      return execFileSync('ip', ['netns', 'exec', from, 'socat', '-T2', '-', target], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      }).trim();
    } catch (error) {
      return /refused|timed out|unreachable/i.exec(String((error as { stderr?: unknown }).stderr))?.[0] ?? 'failed';
    }
  }

  #names(): string[] {
    return [this.node, this.pod1, this.pod2, this.out];
  }

  #addPod(pod: string, i: number): void {
    this.#connect(pod, `p${i}`, `10.244.1.${i + 1}/24`, '10.244.1.254');
    inside(this.node, 'ip', 'link', 'set', `p${i}`, 'master', 'br0');
    inside(this.node, 'bridge', 'link', 'set', 'dev', `p${i}`, 'hairpin', 'on');
    const answer = `SYSTEM:echo pod${i + 1} $SOCAT_PEERADDR`;
    this.#servers.push(spawn('ip', ['netns', 'exec', pod, 'socat', 'TCP-LISTEN:8080,fork,reuseaddr', answer], { stdio: 'ignore' }));
  }

  #connect(name: string, link: string, address: string, gateway: string): void {
    ip('link', 'add', link, 'netns', this.node, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    inside(this.node, 'ip', 'link', 'set', link, 'up');
    inside(name, 'ip', 'addr', 'add', address, 'dev', 'eth0');
    inside(name, 'ip', 'link', 'set', 'eth0', 'up');
    inside(name, 'ip', 'route', 'add', '10.0.0.0/8', 'via', gateway);
    inside(name, 'ip', 'route', 'replace', '192.0.2.0/24', ...(name === this.out ? ['dev', 'eth0'] : ['via', gateway]));
    inside(name, 'ip', 'route', 'add', '198.51.100.0/24', 'via', gateway);
  }
}

function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8' });
}

/** Runs a command in a namespace; returns what it prints. */
export function inside(name: string, ...command: string[]): string {
  return execFileSync('ip', ['netns', 'exec', name, ...command], { encoding: 'utf8' });
}
