import { type Clock, type Random, sleep } from '@keelson/base';
import { connectionOf, httpTransport, readKubeconfig, readText, resolveContext } from '@keelson/client';
import { LogFile, type LogFileOptions } from './log-file.ts';
import type { Backend } from './sink.ts';

/** Lines of JSON in a file. @throws when it cannot be written. */
export async function fileBackend(options: LogFileOptions): Promise<Backend> {
  const file = await LogFile.open(options);
  return {
    ...{ name: 'log', batch: 1_000, wait: 0 },
    write: (events) => file.append(events.map((event) => `${JSON.stringify(event)}\n`)),
    close: () => file.close(),
  };
}

/** Lines of JSON among what the process prints. */
export function streamBackend(stream: NodeJS.WritableStream): Backend {
  return {
    ...{ name: 'log', batch: 1_000, wait: 0 },
    write: (events) =>
      new Promise((resolve, reject) => {
        const text = events.map((event) => `${JSON.stringify(event)}\n`).join('');
        stream.write(text, (error) => (error ? reject(error) : resolve()));
      }),
    close: () => Promise.resolve(),
  };
}

export interface WebhookBackendOptions {
  /** A kubeconfig's path. */
  readonly config: string;
  /** Milliseconds before the second attempt; each further one waits half as long again. */
  readonly initialBackoff: number;
  readonly batch: number;
  readonly wait: number;
  readonly clock: Clock;
  readonly random: Random;
  /** Ends the waiting between attempts. */
  readonly signal: AbortSignal;
}

const attempts = 5;
/** Milliseconds an answer may take. */
const patience = 30_000;

/** What another attempt would not change. */
class Refused extends Error {}

/**
 * A server that is sent EventLists, as the user its kubeconfig names. Failures of the network and of the server are tried again; what it
 * refuses is lost.
 * @throws Error naming the file when it cannot be read as a kubeconfig.
 */
export function webhookBackend({ config, initialBackoff, batch, wait, clock, random, signal }: WebhookBackendOptions): Backend {
  const connection = connectionOf(resolveContext(readKubeconfig(config)));
  const { origin, pathname, search } = new URL(connection.server);
  const transport = httpTransport({ ...connection, server: origin, userAgent: 'kube-apiserver' });
  const post = async (body: string): Promise<void> => {
    const abort = new AbortController();
    const timer = clock.after(patience, () => abort.abort(new Error('the server does not answer')));
    try {
      const headers = { 'content-type': 'application/json' };
      const answer = await transport.send({ method: 'POST', path: (pathname || '/') + search, headers, body, signal: abort.signal });
      const text = await readText(answer);
      if (answer.status >= 200 && answer.status < 300) return;
      const why = `the server answered ${answer.status}: ${text.slice(0, 200)}`;
      throw answer.status >= 500 || answer.status === 429 ? new Error(why) : new Refused(why);
    } finally {
      timer.cancel();
    }
  };
  const insist = async (body: string): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await post(body);
      } catch (error) {
        if (error instanceof Refused || attempt === attempts || signal.aborted) throw error;
        const pause = initialBackoff * 1.5 ** (attempt - 1);
        await sleep(clock, pause + pause * 0.2 * random.next(), signal).catch(() => undefined);
      }
    }
  };
  return {
    ...{ name: 'webhook', batch, wait },
    write: (items) => insist(JSON.stringify({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {}, items })),
    close: async () => transport.close(),
  };
}
