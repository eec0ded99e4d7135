import type { IncomingMessage } from 'node:http';
import type { Clock } from '@keelson/base';
import type { APIResource } from '@keelson/types';
import type { UserInfo } from '../../auth/types.ts';
import { authority, failureText } from '../failures.ts';
import type { Backend, Backends } from './backends.ts';
import { identityHeaders } from './headers.ts';

/** As whom this server asks for itself; the servers behind let system:masters do everything. */
const aggregatorUser: UserInfo = { name: 'system:kube-aggregator', groups: ['system:masters'] };
/** Milliseconds an answer may take, and bytes it may have: a server that hangs or floods is one that is not available. */
const timeout = 5_000;
const longest = 8 * 1024 * 1024;
/** Tries before a server is held to be unavailable, as upstream: of several endpoints only some may be bad. */
const tries = 5;

/** What a server said of a group version; `openapi`: where below it its OpenAPI v3 document is, with its hash. */
export interface Findings {
  readonly resources: readonly APIResource[];
  readonly openapi: string | undefined;
}

/** Asks backends about themselves. */
export class Prober {
  readonly #backends: Backends;
  readonly #clock: Clock;

  constructor(backends: Backends, clock: Clock) {
    this.#backends = backends;
    this.#clock = clock;
  }

  /** One good answer of several tries is enough. `locate` is asked for each. @throws Error saying what went wrong last. */
  async probe(locate: () => Backend): Promise<Findings> {
    const attempt = (): Promise<Findings> => this.#discover(locate());
    try {
      return await attempt();
    } catch (error) {
      const rest = Array.from({ length: tries - 1 }, attempt);
      return Promise.any(rest).catch((all: AggregateError) => Promise.reject((all.errors as unknown[]).at(-1) ?? error));
    }
  }

  /** A JSON document. @throws Error when there is none. */
  async document(backend: Backend, path: string): Promise<unknown> {
    const { status, text } = await this.#get(backend, path);
    if (status < 200 || status >= 300) throw new Error(`bad status from https://${authority(backend)}${path}: ${status}`);
    return JSON.parse(text);
  }

  async #discover(backend: Backend): Promise<Findings> {
    const { group = '', version = '' } = backend.spec;
    const below = group === '' ? `api/${version}` : `apis/${group}/${version}`;
    const url = `https://${authority(backend)}/${below}`;
    const answer = await this.#get(backend, `/${below}`).catch((error: Error) => {
      throw new Error(`failing or missing response from ${url}: Get "${url}": ${failureText(backend, error)}`);
    });
    if (answer.status < 200 || answer.status >= 300)
      throw new Error(`failing or missing response from ${url}: bad status from ${url}: ${answer.status}`);
    return { resources: resourcesIn(answer.text), openapi: await this.#openapi(backend, below) };
  }

  /** Servers without OpenAPI v3 are served as well as others. */
  async #openapi(backend: Backend, below: string): Promise<string | undefined> {
    const index = await this.document(backend, '/openapi/v3').catch(() => undefined);
    const { paths } = (index ?? {}) as { paths?: Record<string, { serverRelativeURL?: unknown } | undefined> };
    const url = paths?.[below]?.serverRelativeURL;
    return typeof url === 'string' && url.startsWith(`/openapi/v3/${below}`) ? url : undefined;
  }

  #get(backend: Backend, path: string): Promise<{ status: number; text: string }> {
    const headers = { ...identityHeaders(aggregatorUser), accept: 'application/json' };
    return new Promise((resolve, reject) => {
      const request = this.#backends.open(backend, { method: 'GET', path, headers });
      const timer = this.#clock.after(timeout, () => request.destroy(new Error('context deadline exceeded')));
      request.once('close', () => timer.cancel());
      request.once('response', (answer) => void textOf(answer).then((text) => resolve({ status: answer.statusCode ?? 0, text }), reject));
      request.once('error', reject);
      request.end();
    });
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > longest) throw new Error(`the answer is longer than ${longest} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** The server may be no Kubernetes API at all and still be proxied to: then it has no resources to tell of. */
function resourcesIn(text: string): readonly APIResource[] {
  try {
    const { resources } = JSON.parse(text) as { resources?: unknown };
    if (!Array.isArray(resources)) return [];
    return resources.filter((one: Partial<APIResource> | null) => typeof one?.name === 'string' && Array.isArray(one.verbs));
  } catch {
    return [];
  }
}
