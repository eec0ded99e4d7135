import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { systemClock } from '@keelson/base';
import { type Credential, createCA, issue } from '@keelson/pki';

/** A review as it was sent. */
export interface Review {
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec: Record<string, unknown>;
}

/** A server of somebody else's that answers reviews, over TLS. */
export class Reviewer {
  readonly seen: Review[] = [];
  /** The status of its answers; an HTTP status when it is a number. */
  answer: (review: Review) => object | number = () => ({});
  readonly #server: Server;
  readonly #ca: Credential;

  private constructor(ca: Credential, serving: Credential) {
    this.#ca = ca;
    this.#server = createServer({ cert: serving.certPem, key: serving.keyPem }, async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const review = JSON.parse(Buffer.concat(chunks).toString()) as Review;
      this.seen.push(review);
      const status = this.answer(review);
      if (typeof status === 'number') return void response.writeHead(status).end('no');
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ ...review, status }));
    });
  }

  static async start(): Promise<Reviewer> {
    const clock = systemClock;
    const ca = await createCA({ commonName: 'reviewer-ca', days: 1, clock });
    const made = new Reviewer(ca, await issue({ ca, commonName: 'reviewer', ips: ['127.0.0.1'], usages: ['server'], days: 1, clock }));
    made.#server.listen(0, '127.0.0.1');
    await once(made.#server, 'listening');
    return made;
  }

  /** A kubeconfig that leads here. */
  get kubeconfig(): string {
    const { port } = this.#server.address() as AddressInfo;
    const cluster = {
      server: `https://127.0.0.1:${port}/review`,
      'certificate-authority-data': Buffer.from(this.#ca.certPem).toString('base64'),
    };
    return JSON.stringify({
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'it' },
      clusters: [{ name: 'it', cluster }],
      users: [{ name: 'it', user: {} }],
      contexts: [{ name: 'it', context: { cluster: 'it', user: 'it' } }],
    });
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
