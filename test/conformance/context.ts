import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { systemClock } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import type { KubeConfig } from '@kubernetes/client-node';

/** What a request says besides its method and path. */
export interface Question {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is when a string or bytes, else as JSON. */
  readonly body?: unknown;
}

/** What a server answered. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The text as JSON. @throws SyntaxError when it is none. */
  json<T = KubeObject>(): T;
}

/** One event of a watch. */
export interface WatchEvent<T = KubeObject> {
  readonly type: string;
  readonly object: T;
}

/** A watch that goes on. */
export interface Following<T = KubeObject> {
  /** All that came so far; it grows. */
  readonly events: readonly WatchEvent<T>[];
  stop(): void;
}

/** A program that goes on. */
export interface Started {
  /** All that it printed so far; it grows. */
  readonly printed: string;
}

/** How a spec reaches the cluster under test: nothing here knows whose cluster it is. */
export interface Context {
  /** For `makeApiClient` of the official client. */
  readonly config: KubeConfig;
  /** A namespace of the spec's own, deleted afterwards. */
  readonly namespace: string;
  /** A name that nobody else uses. */
  unique(prefix: string): string;
  /** One request, as the administrator. Never throws for a status. */
  ask(question: Question): Promise<Reply>;
  /** Like `ask`, but the answer must be a success. Answers its JSON. */
  must<T = KubeObject>(question: Question): Promise<T>;
  /** Watches until `enough`, and answers all events. @throws after 30 seconds. */
  watch<T = KubeObject>(path: string, enough: (events: readonly WatchEvent<T>[]) => boolean): Promise<WatchEvent<T>[]>;
  /** Watches until the spec ends or it is stopped; resolves when the server has answered. @throws when it refuses. */
  follow<T = KubeObject>(path: string): Promise<Following<T>>;
  /** Upstream's kubectl. @throws with all it printed when it fails. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** A kubectl that goes on until the spec ends. */
  start(args: readonly string[]): Started;
  /** Runs after the spec, last one first, whatever came of it. */
  after(undo: () => Promise<unknown>): void;
}

/** Milliseconds a watch may take. */
const watchLimit = 30_000;

export class ClusterContext implements Context {
  readonly config: KubeConfig;
  readonly namespace: string;
  readonly #kubeconfig: string;
  readonly #kubectl: string;
  readonly #undo: (() => Promise<unknown>)[] = [];

  constructor(config: KubeConfig, kubeconfig: string, kubectl: string) {
    this.config = config;
    this.namespace = this.unique('conformance');
    this.#kubeconfig = kubeconfig;
    this.#kubectl = kubectl;
  }

  unique(prefix: string): string {
    return `${prefix}-${randomBytes(4).toString('hex')}`;
  }

  async ask(question: Question): Promise<Reply> {
    const response = await this.#send(question);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    return { status: response.statusCode ?? 0, headers: response.headers, text, json: () => JSON.parse(text) };
  }

  async must<T = KubeObject>(question: Question): Promise<T> {
    const reply = await this.ask(question);
    if (reply.status >= 300) throw new Error(`${question.method ?? 'GET'} ${question.path}: ${reply.status} ${reply.text}`);
    return reply.json<T>();
  }

  async watch<T = KubeObject>(path: string, enough: (events: readonly WatchEvent<T>[]) => boolean): Promise<WatchEvent<T>[]> {
    const events: WatchEvent<T>[] = [];
    const response = await this.#send({ path: watching(path) });
    const late = systemClock.after(watchLimit, () => response.destroy(new Error(`watching ${path}: not seen: ${JSON.stringify(events)}`)));
    try {
      for await (const some of lines<WatchEvent<T>>(response)) {
        events.push(...some);
        if (enough(events)) return events;
      }
      if (enough(events)) return events;
      throw new Error(`the watch of ${path} ended: ${JSON.stringify(events)}`);
    } finally {
      late.cancel();
      response.destroy();
    }
  }

  async follow<T = KubeObject>(path: string): Promise<Following<T>> {
    const response = await this.#send({ path: watching(path) });
    if (response.statusCode !== 200) throw new Error(`watching ${path}: ${response.statusCode}`);
    const events: WatchEvent<T>[] = [];
    const read = async (): Promise<void> => {
      for await (const some of lines<WatchEvent<T>>(response)) events.push(...some);
    };
    // What its reader cuts off has nothing more to say.
    read().catch(() => undefined);
    const stop = (): void => void response.destroy();
    this.after(async () => stop());
    return { events, stop };
  }

  kubectl(args: readonly string[], input = ''): Promise<string> {
    return new Promise((done, fail) => {
      const all = ['--kubeconfig', this.#kubeconfig, ...args];
      const child = execFile(this.#kubectl, all, { timeout: 60_000, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
        if (error) fail(new Error(`kubectl ${args.join(' ')}: ${stdout}${stderr}`));
        else done(stdout);
      });
      child.stdin?.end(input);
    });
  }

  start(args: readonly string[]): Started {
    const child = spawn(this.#kubectl, ['--kubeconfig', this.#kubeconfig, ...args]);
    const started = { printed: '' };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (started.printed += text));
    this.after(async () => child.kill());
    return started;
  }

  after(undo: () => Promise<unknown>): void {
    this.#undo.push(undo);
  }

  /** Makes the namespace, with what a new one has. */
  async open(): Promise<void> {
    const { namespace } = this;
    await this.must({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: namespace } } });
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts?fieldSelector=metadata.name%3Ddefault`;
    await this.watch(path, (events) => events.length > 0);
  }

  async close(): Promise<void> {
    for (const undo of this.#undo.reverse()) await undo();
    await this.ask({ method: 'DELETE', path: `/api/v1/namespaces/${this.namespace}` });
  }

  async #send({ method = 'GET', path, headers = {}, body }: Question) {
    const server = new URL(this.config.getCurrentCluster()?.server ?? '');
    const options: RequestOptions = { method, path, hostname: server.hostname, port: server.port };
    await this.config.applyToHTTPSOptions(options);
    const raw = body === undefined ? undefined : typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
    const type = raw === undefined ? {} : { 'content-type': 'application/json', 'content-length': `${Buffer.byteLength(raw)}` };
    options.headers = { ...options.headers, accept: 'application/json', ...type, ...headers };
    return new Promise<IncomingMessage>((done, fail) => {
      const sent = (server.protocol === 'http:' ? plainRequest : request)(options, done);
      sent.on('error', fail).end(raw);
    });
  }
}

const watching = (path: string): string => `${path}${path.includes('?') ? '&' : '?'}watch=true`;

/** The JSON of whole lines, as they arrive. */
async function* lines<T>(response: IncomingMessage): AsyncGenerator<T[]> {
  let rest = '';
  for await (const chunk of response) {
    const whole = (rest + chunk).split('\n');
    rest = whole.pop() ?? '';
    yield whole.map((line) => JSON.parse(line) as T);
  }
}
