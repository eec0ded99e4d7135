import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '@keelson/testing';
import { eventually } from './eventually.ts';

const binary = '/usr/bin/etcd';

export const etcdInstalled = existsSync(binary);

/** A private etcd of one member on free loopback ports. */
export class EtcdServer {
  readonly endpoint: string;
  readonly #peer: string;
  readonly #directory: string;
  #process: ChildProcess | undefined;

  private constructor(endpoint: string, peer: string) {
    this.endpoint = endpoint;
    this.#peer = peer;
    this.#directory = mkdtempSync(join(tmpdir(), 'keelson-etcd-'));
  }

  static async start(): Promise<EtcdServer> {
    const [client, peer] = await freePorts(2);
    const server = new EtcdServer(`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`);
    await server.run();
    return server;
  }

  /** Starts the process, again with the same data after `kill`. */
  async run(): Promise<void> {
    const peer = this.#peer;
    const urls = ['--listen-client-urls', this.endpoint, '--advertise-client-urls', this.endpoint, '--listen-peer-urls', peer];
    const cluster = ['--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`];
    this.#process = spawn(binary, ['--data-dir', this.#directory, ...urls, ...cluster, '--logger', 'zap', '--log-level', 'error'], {
      stdio: 'ignore',
    });
    await eventually(`etcd answers on ${this.endpoint}`, async () => {
      const answer = await fetch(`${this.endpoint}/health`).catch(() => undefined);
      return ((await answer?.json()) as { health?: string } | undefined)?.health === 'true';
    });
  }

  /** As a crash: `kill -9`. */
  async kill(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (!running || running.exitCode !== null) return;
    const exited = once(running, 'exit');
    running.kill('SIGKILL');
    await exited;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
