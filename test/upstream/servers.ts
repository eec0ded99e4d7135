import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@keelson/base';
import { createCA, createKeyPair, issue } from '@keelson/pki';
import { eventually, freePorts } from '@keelson/testing';
import { root } from '../e2e/cluster.ts';

/** What a server said. A status of 0: it broke off. */
export interface Answer {
  readonly status: number;
  readonly warnings: readonly string[];
  readonly text: string;
}

/** Our API server, and upstream's server of custom resources, which asks ours who may do what. */
export class Servers {
  readonly #children: ChildProcess[] = [];
  readonly #dir: string;
  #agent = new Agent();
  #ports: readonly number[] = [];

  private constructor(dir: string) {
    this.#dir = dir;
  }

  /** Starts both, upstream's over an etcd of its own. @param program upstream's. @param store of ours. Close it when done. */
  static async start(program: string, store: 'memory' | 'sqlite' = 'memory'): Promise<Servers> {
    const servers = new Servers(await mkdtemp(join(tmpdir(), 'keelson-servers-')));
    try {
      await servers.#start(program, store);
    } catch (error) {
      await servers.close();
      throw error;
    }
    return servers;
  }

  /** Asks both the same and resolves to our answer and theirs. A patch is a merge patch. */
  both(method: 'DELETE' | 'GET' | 'PATCH' | 'POST', path: string, body?: unknown): Promise<readonly [ours: Answer, theirs: Answer]> {
    const [ours = 0, theirs = 0] = this.#ports;
    return Promise.all([this.#send(ours, method, path, body), this.#send(theirs, method, path, body)]);
  }

  /** Where they are. */
  get addresses(): readonly [ours: string, theirs: string] {
    const [ours = 0, theirs = 0] = this.#ports;
    return [`https://127.0.0.1:${ours}`, `https://127.0.0.1:${theirs}`];
  }

  /** Connections of an administrator of both. */
  get agent(): Agent {
    return this.#agent;
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    for (const child of this.#children.reverse()) {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    await rm(this.#dir, { recursive: true, force: true });
  }

  async #start(program: string, store: string): Promise<void> {
    const [ours = 0, theirs = 0, client = 0, peer = 0] = await freePorts(4);
    const file = (name: string): string => join(this.#dir, name);
    const flags = await this.#writeFiles(`https://127.0.0.1:${ours}`);
    const listening = [`--listen-client-urls=http://127.0.0.1:${client}`, `--advertise-client-urls=http://127.0.0.1:${client}`];
    const peers = [`--listen-peer-urls=http://127.0.0.1:${peer}`, `--initial-advertise-peer-urls=http://127.0.0.1:${peer}`];
    this.#run('etcd', ['--data-dir', file('etcd'), ...listening, ...peers, `--initial-cluster=default=http://127.0.0.1:${peer}`]);
    const accounts = [`--service-account-key-file=${file('sa.pub')}`, `--service-account-signing-key-file=${file('sa.key')}`];
    const own = [
      `--storage-backend=${store}`,
      `--storage-file=${file('keelson.db')}`,
      '--authorization-mode=RBAC',
      '--service-cluster-ip-range=10.96.0.0/16',
      ...accounts,
    ];
    const issuer = '--service-account-issuer=https://kubernetes.default.svc';
    this.#run(process.execPath, [join(root, 'apiserver/src/main.ts'), `--secure-port=${ours}`, issuer, ...own, ...flags]);
    this.#ports = [ours, ours];
    await this.#ready();
    const asking = ['kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'].map((flag) => `--${flag}=${file('admin.conf')}`);
    this.#run(program, [
      `--etcd-servers=http://127.0.0.1:${client}`,
      `--secure-port=${theirs}`,
      `--cert-dir=${file('certs')}`,
      ...asking,
      ...flags,
    ]);
    this.#ports = [ours, theirs];
    await this.#ready();
  }

  /** Keys, certificates and a kubeconfig. Resolves to the flags both servers have. */
  async #writeFiles(server: string): Promise<readonly string[]> {
    const terms = { days: 1, clock: systemClock };
    const ca = await createCA({ commonName: 'ca', ...terms });
    const serving = await issue({ commonName: 'server', dnsNames: ['localhost'], ips: ['127.0.0.1'], usages: ['server'], ca, ...terms });
    const admin = await issue({ commonName: 'admin', organizations: ['system:masters'], usages: ['client'], ca, ...terms });
    const accounts = await createKeyPair();
    const encoded = (text: string): string => Buffer.from(text).toString('base64');
    const user = { 'client-certificate-data': encoded(admin.certPem), 'client-key-data': encoded(admin.keyPem) };
    const config = {
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'it', contexts: [{ name: 'it', context: { cluster: 'it', user: 'it' } }] },
      clusters: [{ name: 'it', cluster: { server, 'certificate-authority-data': encoded(ca.certPem) } }],
      users: [{ name: 'it', user }],
    };
    const texts = {
      ...{ 'ca.crt': ca.certPem, 'server.crt': serving.certPem, 'server.key': serving.keyPem },
      ...{ 'sa.key': accounts.privateKeyPem, 'sa.pub': accounts.publicKeyPem, 'admin.conf': JSON.stringify(config) },
    };
    for (const [name, text] of Object.entries(texts)) await writeFile(join(this.#dir, name), text);
    this.#agent = new Agent({ keepAlive: true, cert: admin.certPem, key: admin.keyPem, ca: ca.certPem });
    const at = (name: string): string => join(this.#dir, name);
    const tls = [`--tls-cert-file=${at('server.crt')}`, `--tls-private-key-file=${at('server.key')}`];
    return ['--bind-address=127.0.0.1', `--client-ca-file=${at('ca.crt')}`, ...tls];
  }

  #run(program: string, args: readonly string[]): void {
    this.#children.push(spawn(program, [...args], { stdio: 'ignore', cwd: this.#dir }));
  }

  async #ready(): Promise<void> {
    const bothReady = async (): Promise<boolean> => (await this.both('GET', '/readyz')).every(({ status }) => status === 200);
    await eventually(bothReady, { deadlineMs: 60_000, message: 'the servers are ready' });
  }

  #send(port: number, method: string, path: string, body: unknown): Promise<Answer> {
    return new Promise((resolve) => {
      const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
      const headers = body === undefined ? {} : { 'content-type': type };
      const sent = request({ host: '127.0.0.1', port, method, path, headers, agent: this.#agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            warnings: [response.headers.warning ?? []].flat(),
            text: Buffer.concat(chunks).toString(),
          }),
        );
      });
      sent.on('error', () => resolve({ status: 0, warnings: [], text: '' }));
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}
