import { type Clock, errorMessage, type Logger } from '@keelson/base';
import { type HttpTransportOptions, httpTransport, readText, type Transport } from '@keelson/client';
import type { Node } from '@keelson/types';
import { parseScrape, type Scrape } from './usage/parse.ts';

export interface KubeletOptions {
  /** How this process reaches the API server: kubelets are shown the same credentials. */
  readonly connection: HttpTransportOptions;
  /** Kinds of node addresses, most wanted first. */
  readonly addressTypes: readonly string[];
  /** 0: as the node's status says. */
  readonly port: number;
  readonly insecure: boolean;
  /** PEM; the API server's authority when absent. */
  readonly ca: string | undefined;
  /** Milliseconds a kubelet may take. */
  readonly timeout: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Where a node's kubelet answers; undefined while the node has no address. */
export function kubeletAddress(
  { status }: Node,
  { addressTypes, port }: Pick<KubeletOptions, 'addressTypes' | 'port'>,
): string | undefined {
  const address = addressTypes.map((type) => status?.addresses?.find((one) => one.type === type)).find(Boolean)?.address;
  if (!address) return undefined;
  return `https://${address.includes(':') ? `[${address}]` : address}:${port || (status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 10_250)}`;
}

export function isReady({ status }: Node): boolean {
  return status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false;
}

/** Connections to kubelets, kept from round to round. */
export class Kubelets {
  readonly #options: KubeletOptions;
  #transports = new Map<string, Transport>();

  constructor(options: KubeletOptions) {
    this.#options = options;
  }

  /** What each kubelet of a ready node told, by node; who did not answer in time is left out. */
  async scrape(nodes: readonly Node[]): Promise<Map<string, Scrape>> {
    const ready = nodes.filter(isReady).map((node) => [node.metadata.name ?? '', kubeletAddress(node, this.#options)] as const);
    this.#keep(new Set(ready.flatMap(([, server]) => server ?? [])));
    const scrapes = ready.map(async ([name, server]) => {
      try {
        if (!server) throw new Error(`node ${name} had no addresses that matched types ${this.#options.addressTypes.join(',')}`);
        return [[name, await this.#ask(server)] as const];
      } catch (error) {
        this.#options.log.error('failed to scrape node', { node: name, err: errorMessage(error) });
        return [];
      }
    });
    return new Map((await Promise.all(scrapes)).flat());
  }

  close(): void {
    this.#keep(new Set());
  }

  async #ask(server: string): Promise<Scrape> {
    const { clock, timeout } = this.#options;
    const late = new AbortController();
    const timer = clock.after(timeout, () => late.abort(new Error(`no answer within ${timeout / 1000} seconds`)));
    try {
      const response = await this.#transportTo(server).send({ method: 'GET', path: '/metrics/resource', signal: late.signal });
      const text = await readText(response);
      if (response.status !== 200) throw new Error(`request failed, status: "${response.status}": ${text.trim()}`);
      return parseScrape(text, clock.now());
    } finally {
      timer.cancel();
    }
  }

  #transportTo(server: string): Transport {
    const known = this.#transports.get(server);
    if (known) return known;
    const { connection, insecure, ca, clock } = this.#options;
    const { serverName: _, ...credentials } = connection;
    const caData = ca ?? connection.caData;
    const made = httpTransport({ ...credentials, server, caData, insecureSkipTLSVerify: insecure, maxSockets: 1, clock });
    this.#transports.set(server, made);
    return made;
  }

  /** Nodes come and go: connections to those that are gone are closed. */
  #keep(servers: ReadonlySet<string>): void {
    for (const [server, transport] of this.#transports) {
      if (servers.has(server)) continue;
      transport.close();
      this.#transports.delete(server);
    }
  }
}
