import { Agent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { type Clock, errorMessage } from '@keelson/base';
import { goQuote } from '@keelson/machinery';
import { Service } from '@keelson/types';
import type { ClientConfig } from '../../kinds/admissionregistration/client-config.ts';
import type { Registry } from '../../registry/registry.ts';
import { placeByAddress, type ServiceReference } from '../aggregation/place.ts';
import { failureText } from '../failures.ts';
import type { Credentials, FindCredentials } from './credentials.ts';

/** An answer larger than this is cut off: a webhook must not take the server's memory. Bytes. */
const largestAnswer = 3 * 1024 * 1024;

/** How a webhook is reached: what a definition of a conversion says, or a webhook configuration. */
export type HookConfig = ClientConfig & { readonly caBundle?: string | undefined };

interface Target {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly servername: string;
  /** PEM, base64; empty for the machine's own authorities. */
  readonly caBundle: string;
  /** As errors name it. */
  readonly url: string;
}

/** What a webhook itself answered instead of a review. */
class Refusal extends Error {}

/** What is said of answers that explain nothing. */
const refusals: Readonly<Record<number, string>> = {
  400: 'the server rejected our request for an unknown reason',
  401: 'the server has asked for the client to provide credentials',
  404: 'the server could not find the requested resource',
};

function refusalText(code: number, text: string): string {
  return (
    messageOf(text) ?? refusals[code] ?? `an error on the server (${goQuote(text.slice(0, 200))}) has prevented the request from succeeding`
  );
}

/** Of a Status. */
function messageOf(text: string): string | undefined {
  try {
    const { kind, message } = (JSON.parse(text) ?? {}) as { kind?: string; message?: string };
    return kind === 'Status' && message ? message : undefined;
  } catch {
    return undefined;
  }
}

/** Posts reviews to webhooks over TLS, connections kept alive. */
export class WebhookCaller {
  readonly #registry: () => Registry;
  readonly #clock: Clock;
  readonly #agents = new Map<string, Agent>();

  constructor(registry: () => Registry, clock: Clock) {
    this.#registry = registry;
    this.#clock = clock;
  }

  /**
   * Resolves to the parsed answer.
   * @param timeout milliseconds.
   * @param find tells what it is shown; nothing unless told.
   * @throws Error with upstream's words: `Post "https://…": context deadline exceeded`.
   */
  async post(config: HookConfig, body: object, timeout: number, find?: FindCredentials): Promise<unknown> {
    const target = { ...this.#locate(config, timeout), caBundle: config.caBundle ?? '' };
    try {
      const shown = find?.(`${target.servername}:${config.service?.port ?? target.port}`);
      return JSON.parse(await this.#exchange(target, Buffer.from(JSON.stringify(body)), timeout, shown));
    } catch (error) {
      if (error instanceof Refusal || error instanceof SyntaxError) throw error;
      const failure = error instanceof Error ? failureText(target, error) : errorMessage(error);
      throw new Error(`Post ${JSON.stringify(target.url)}: ${failure}`);
    }
  }

  #locate({ url, service }: HookConfig, timeout: number): Omit<Target, 'caBundle'> {
    const seconds = `timeout=${Math.round(timeout / 1000)}s`;
    if (url) {
      const parsed = new URL(url);
      parsed.searchParams.set('timeout', `${Math.round(timeout / 1000)}s`);
      const { hostname, port, pathname, search } = parsed;
      return { host: hostname, port: Number(port || 443), path: pathname + search, servername: hostname, url: parsed.toString() };
    }
    const { namespace = '', name = '', port = 443 } = service ?? {};
    const path = service?.path || '/';
    const servername = `${name}.${namespace}.svc`;
    const reference: ServiceReference = { namespace, name, port };
    const place = placeByAddress(this.#registry().read(Service, namespace, name), reference);
    if (place.type === 'none') throw new Error(`failed to call webhook: ${place.message}`);
    return {
      host: place.host,
      port: place.port,
      path: `${path}?${seconds}`,
      servername,
      url: `https://${servername}:${port}${path}?${seconds}`,
    };
  }

  #exchange(target: Target, body: Buffer, timeout: number, shown?: Credentials): Promise<string> {
    const { host, port, path, servername } = target;
    return new Promise((resolve, reject) => {
      const json = { 'content-type': 'application/json', accept: 'application/json', 'content-length': body.length };
      const headers = { ...json, ...shown?.headers };
      const agent = this.#agentOf(target, shown);
      const request = httpsRequest({ agent, host, port, path, method: 'POST', headers: { ...headers, host: `${servername}:${port}` } });
      const timer = this.#clock.after(timeout, () => request.destroy(new Error('context deadline exceeded')));
      request.on('error', (error) => {
        timer.cancel();
        reject(error);
      });
      request.on('response', (answer) => {
        const chunks: Buffer[] = [];
        let size = 0;
        answer.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          size += chunk.length;
          if (size > largestAnswer) request.destroy(new Error('the response is too large'));
        });
        answer.on('error', reject);
        answer.on('end', () => {
          timer.cancel();
          const text = Buffer.concat(chunks).toString();
          const { statusCode = 0 } = answer;
          const type = answer.headers['content-type'] ?? '';
          if (statusCode < 200 || statusCode >= 300) reject(new Refusal(refusalText(statusCode, text)));
          else if (text === '') reject(new Refusal(`0-length response with status code: ${statusCode} and content type: ${type}`));
          else resolve(text);
        });
      });
      request.end(body);
    });
  }

  #agentOf({ servername, caBundle }: Target, { cert, key }: Partial<Credentials> = {}): Agent {
    const trust = `${servername} ${caBundle} ${cert?.toString('base64') ?? ''}`;
    const known = this.#agents.get(trust);
    if (known) return known;
    const own = { ...(cert && key ? { cert, key } : {}), ...(isIP(servername) === 0 ? { servername } : {}) };
    const agent = new Agent({ keepAlive: true, ...own, ...(caBundle ? { ca: Buffer.from(caBundle, 'base64') } : {}) });
    this.#agents.set(trust, agent);
    return agent;
  }
}
