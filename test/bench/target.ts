import { Agent, request } from 'node:https';
import { systemClock } from '@keelson/base';
import { connectionOf, readKubeconfig, resolveContext } from '@keelson/client';

/** Objects of 2 KB that a load is made of. */
export interface Objects {
  /** Of their collection. */
  readonly path: string;
  readonly apiVersion: string;
  readonly kind: string;
}

const configMaps: Objects = { path: '/api/v1/namespaces/default/configmaps', apiVersion: 'v1', kind: 'ConfigMap' };
const filler = 'x'.repeat(1_700);

/** Connections to servers that believe one client certificate: kept open, 256 at most. */
export interface Access {
  readonly agent: Agent;
  /** Of the cluster's own server. */
  readonly address: string;
}

export async function accessOf(kubeconfig: string): Promise<Access> {
  const { certData: cert, keyData: key, caData: ca, server } = await connectionOf(resolveContext(await readKubeconfig(kubeconfig)));
  return { agent: new Agent({ keepAlive: true, maxSockets: 256, cert, key, ca }), address: server };
}

/** A server the load is put on. */
export class Target {
  readonly #server: URL;
  readonly #agent: Agent;
  readonly #objects: Objects;
  #created = 0;

  constructor({ agent, address }: Access, objects = configMaps) {
    this.#agent = agent;
    this.#server = new URL(address);
    this.#objects = objects;
  }

  send(method: string, path: string, body?: string): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const { hostname: host, port } = this.#server;
      const outgoing = request({ host, port, agent: this.#agent, method, path, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const all = Buffer.concat(chunks);
          if ((response.statusCode ?? 500) < 400) resolve(all);
          else reject(new Error(`${method} ${path}: ${response.statusCode} ${all.toString().slice(0, 200)}`));
        });
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  create(label?: string): Promise<Buffer> {
    const n = this.#created++;
    const { path, apiVersion, kind } = this.#objects;
    const metadata = { name: `bench-${n}`, labels: { bench: label ?? String(n % 10) } };
    return this.send('POST', path, JSON.stringify({ apiVersion, kind, metadata, data: { filler } }));
  }

  /** @param n any number. */
  get(n: number): Promise<Buffer> {
    return this.send('GET', `${this.#objects.path}/bench-${n % 3_000}`);
  }

  list(): Promise<Buffer> {
    return this.send('GET', this.#objects.path);
  }

  /** A tenth of them. */
  listByLabel(): Promise<Buffer> {
    return this.send('GET', `${this.#objects.path}?labelSelector=bench%3D3`);
  }

  clear(): Promise<Buffer> {
    return this.send('DELETE', this.#objects.path);
  }

  /** Leaves 3,000 objects and nothing else. */
  async fill(): Promise<void> {
    await this.clear();
    this.#created = 0;
    for (let n = 0; n < 3_000; n += 60) await Promise.all(Array.from({ length: 60 }, () => this.create()));
  }

  /** 20,000 events: resolves to how many came per second. */
  async fanOut(watchers: number, changes: number, writers: number): Promise<number> {
    const { path: collection } = this.#objects;
    const list = JSON.parse((await this.send('GET', `${collection}?limit=1`)).toString()) as { metadata: { resourceVersion: string } };
    const path = `${collection}?watch=1&labelSelector=bench%3Dwatched&resourceVersion=${list.metadata.resourceVersion}`;
    let events = 0;
    const done = Promise.withResolvers<void>();
    const count = (): void => void (++events === watchers * changes && done.resolve());
    const streams = await Promise.all(Array.from({ length: watchers }, () => this.#watch(path, count)));
    const start = performance.now();
    let next = 0;
    const write = async (): Promise<void> => {
      while (next++ < changes) await this.create('watched');
    };
    await Promise.all(Array.from({ length: writers }, write));
    await done.promise;
    const elapsed = performance.now() - start;
    for (const stream of streams) stream.destroy();
    return (events * 1000) / elapsed;
  }

  #watch(path: string, onEvent: () => void): Promise<{ destroy(): void }> {
    return new Promise((resolve, reject) => {
      const { hostname: host, port } = this.#server;
      const outgoing = request({ host, port, agent: this.#agent, path }, (response) => {
        response.on('data', (chunk: Buffer) => {
          for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) onEvent();
        });
        response.on('error', () => undefined);
        resolve({ destroy: () => response.destroy() });
      });
      outgoing.on('error', reject);
      outgoing.end();
    });
  }
}

/** What one round found. */
export interface Round {
  readonly perSecond: number;
  readonly times: readonly number[];
}

/** Runs `work` from `parallel` clients for `ms`. */
export async function round(parallel: number, ms: number, work: (n: number) => Promise<unknown>): Promise<Round> {
  const end = systemClock.now() + ms;
  const times: number[] = [];
  let next = 0;
  const start = performance.now();
  const client = async (): Promise<void> => {
    while (systemClock.now() < end) {
      const began = performance.now();
      await work(next++);
      times.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: parallel }, client));
  return { perSecond: (times.length * 1000) / (performance.now() - start), times };
}

/** The middle one, by what it did per second. */
export function median(rounds: readonly Round[]): number {
  return rounds.toSorted((a, b) => a.perSecond - b.perSecond)[Math.floor(rounds.length / 2)]?.perSecond ?? 0;
}
