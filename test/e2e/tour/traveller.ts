import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { type RealCluster, root } from '../cluster.ts';
import { Lab, type Machine } from '../machines/lab.ts';
import { Session } from './session.ts';

const kubeadm = join(root, 'deploy/kubeadm/bin/kubeadm.mjs');

let nextLetter = 'a'.charCodeAt(0);

/** Who takes the tour: with one kubectl, in a directory that looks like a clone, and with two more machines when they are asked for. */
export class Traveller {
  readonly #cluster: RealCluster;
  readonly #directory: string;
  readonly #sessions = new Map<string, Session>();
  /** What its machines are told apart by from those of who travels at the same time. */
  readonly #letter: string;
  #lab: Lab | undefined;

  /** @param kubectl the program that `kubectl` is. */
  constructor(kubectl: string, cluster: RealCluster) {
    this.#letter = String.fromCharCode(nextLetter++);
    this.#cluster = cluster;
    this.#directory = mkdtempSync(join(tmpdir(), 'keelson-tour-'));
    for (const name of ['bin', 'home']) mkdirSync(join(this.#directory, name));
    symlinkSync(join(root, 'examples'), join(this.#directory, 'examples'));
    symlinkSync(cluster.dataDir, join(this.#directory, '.cluster'));
    symlinkSync(kubectl, join(this.#directory, 'bin/kubectl'));
  }

  /** The shell on a machine: the one of the cluster when nameless, else `first` or `second`. */
  at(machine: string): Session {
    const known = this.#sessions.get(machine);
    if (known) return known;
    const session = machine === '' ? this.#atCluster() : this.#atMachine(machine);
    this.#sessions.set(machine, session);
    return session;
  }

  async close(): Promise<void> {
    for (const session of this.#sessions.values()) session.close();
    await this.#lab?.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #atCluster(): Session {
    return this.#session(['nsenter', `--net=/run/netns/${this.#cluster.netns}`], join(this.#directory, 'bin'));
  }

  #atMachine(name: string): Session {
    this.#lab ??= new Lab({ name: this.#letter, machines: 2 });
    const machine = this.#lab.machine(['first', 'second'].indexOf(name) + 1);
    return this.#session(machine.within([]), this.#rooted(machine), join(this.#directory, 'bin'));
  }

  /** A directory with a `kubeadm` for which the machine's files are what `/` would be: the machines share one disk. */
  #rooted({ name, root: files }: Machine): string {
    const directory = join(this.#directory, `bin-${name}`);
    mkdirSync(directory);
    writeFileSync(join(directory, 'kubeadm'), `#!/bin/sh\nexec ${process.execPath} ${kubeadm} "$@" --root ${files}\n`);
    chmodSync(join(directory, 'kubeadm'), 0o755);
    return directory;
  }

  #session(within: readonly string[], ...tools: readonly string[]): Session {
    const path = [...tools, dirname(process.execPath), process.env.PATH, '/usr/sbin', '/sbin'].join(delimiter);
    const env = { PATH: path, HOME: join(this.#directory, 'home'), LANG: 'C' };
    return new Session({ within, directory: this.#directory, env });
  }
}
