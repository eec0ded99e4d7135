import type { ClientRequest, OutgoingHttpHeaders } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { Clock } from '@keelson/base';
import { type ClientCertificate, retireAgent } from '@keelson/client';
import type { APIServiceSpec } from '@keelson/types';
import { authority } from '../failures.ts';
import type { ServiceReference } from './place.ts';

/** One server behind an APIService: where it is, and by what it is known. */
export interface Backend {
  /** The APIService. */
  readonly name: string;
  readonly spec: APIServiceSpec;
  readonly reference: ServiceReference;
  readonly host: string;
  readonly port: number;
}

export interface BackendRequest {
  readonly method: string;
  /** Path and query, encoded. */
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  /** On a connection of its own, which may leave HTTP. */
  readonly alone?: boolean;
}

const connectTimeout = 30_000;

interface Known {
  readonly trust: string;
  readonly client: ClientCertificate | undefined;
  readonly agent: Agent;
}

/** TLS connections to the servers behind APIServices, kept alive per APIService for as long as what they trust and show stays. */
export class Backends {
  readonly #client: () => ClientCertificate | undefined;
  readonly #clock: Clock;
  readonly #agents = new Map<string, Known>();
  /** Those whose last requests are on their way. */
  readonly #retired = new Set<Agent>();

  /** @param client what those servers are shown at present, so that they believe `X-Remote-*` headers. */
  constructor(client: () => ClientCertificate | undefined, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** Begins a request; the caller writes its body and ends it. It fails when there is no connection within 30 seconds. */
  open(backend: Backend, { method, path, headers, alone = false }: BackendRequest): ClientRequest {
    const agent = this.#agentOf(backend);
    const request = httpsRequest({
      ...(alone ? { ...agent.options, agent: false } : { agent }),
      host: backend.host,
      port: backend.port,
      method,
      path,
      headers: { ...headers, host: authority(backend) },
    });
    request.on('socket', (socket) => {
      if (!socket.connecting) return;
      const timer = this.#clock.after(connectTimeout, () => request.destroy(new Error('i/o timeout')));
      socket.once('secureConnect', () => timer.cancel()).once('close', () => timer.cancel());
    });
    return request;
  }

  /** Closes what is idle of an APIService that is gone. */
  forget(name: string): void {
    this.#agents.get(name)?.agent.destroy();
    this.#agents.delete(name);
  }

  close(): void {
    for (const name of this.#agents.keys()) this.forget(name);
    for (const agent of this.#retired) agent.destroy();
  }

  #agentOf({ name, spec, reference }: Backend): Agent {
    const { caBundle = '', insecureSkipTLSVerify = false } = spec;
    const servername = `${reference.name}.${reference.namespace}.svc`;
    const trust = [servername, insecureSkipTLSVerify, caBundle].join(' ');
    const client = this.#client();
    const known = this.#agents.get(name);
    if (known?.trust === trust && known.client === client) return known.agent;
    if (known) this.#retire(known.agent);
    const agent = new Agent({
      keepAlive: true,
      servername,
      rejectUnauthorized: !insecureSkipTLSVerify,
      ...(caBundle ? { ca: Buffer.from(caBundle, 'base64') } : {}),
      ...client,
    });
    this.#agents.set(name, { trust, client, agent });
    return agent;
  }

  #retire(agent: Agent): void {
    for (const earlier of this.#retired) if (Object.keys(earlier.sockets).length === 0) this.#retired.delete(earlier);
    this.#retired.add(agent);
    retireAgent(agent);
  }
}
