import { type Clock, errorMessage, sleep } from '@keelson/base';
import { connectionOf, httpTransport, inClusterConnection, readKubeconfig, resolveContext, type Transport } from '@keelson/client';
import { readAtMost } from '../read-at-most.ts';

/** Milliseconds before the second attempt unless told; each further one waits half as long again. */
const usualPause = 500;
const attempts = 5;
/** Bytes of an answer. */
const largest = 1024 * 1024;

/** A server that answers reviews: to each POST of one, the same with its status. */
export interface ReviewEndpoint {
  /** @throws Error in words when no answer comes in time. */
  post(review: object): Promise<{ readonly status?: unknown }>;
}

/**
 * The server a kubeconfig names, asked as the user it names; without one, the API server of the cluster this process is a pod of.
 * @param timeout milliseconds for a review, further attempts included.
 * @throws Error naming the file when it cannot be read as a kubeconfig, or saying that this is no pod.
 */
export function endpointOf(kubeconfig: string | undefined, timeout: number, clock: Clock, pause = usualPause): ReviewEndpoint {
  const connection = kubeconfig === undefined ? inClusterConnection() : connectionOf(resolveContext(readKubeconfig(kubeconfig)));
  if (!connection)
    throw new Error('unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined');
  const { origin, pathname, search } = new URL(connection.server);
  const transport = httpTransport({ ...connection, server: origin, userAgent: 'kube-apiserver' });
  const path = (pathname || '/') + search;
  return {
    async post(review) {
      const abort = new AbortController();
      const timer = clock.after(timeout, () => abort.abort(new Error('context deadline exceeded')));
      try {
        return await insist((signal) => exchange(transport, path, review, signal), pause, clock, abort.signal);
      } catch (error) {
        throw new Error(`Post "${connection.server}": ${errorMessage(error)}`);
      } finally {
        timer.cancel();
      }
    },
  };
}

/** An answer that more attempts would not change. */
class Final extends Error {}

async function insist<T>(attempt: (signal: AbortSignal) => Promise<T>, pause: number, clock: Clock, signal: AbortSignal): Promise<T> {
  for (let count = 1; ; count++) {
    try {
      return await attempt(signal);
    } catch (error) {
      if (error instanceof Final || count === attempts || signal.aborted) throw error;
      await sleep(clock, pause * 1.5 ** (count - 1), signal);
    }
  }
}

async function exchange(transport: Transport, path: string, review: object, signal: AbortSignal): Promise<{ status?: unknown }> {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  const response = await transport.send({ method: 'POST', path, headers, body: JSON.stringify(review), signal });
  const text = await readAtMost(response.chunks, largest);
  const { status } = response;
  if (status >= 500 || status === 429) throw new Error(`the server answered ${status}`);
  if (status < 200 || status > 299) throw new Final(`the server answered ${status}: ${text.slice(0, 200)}`);
  try {
    return JSON.parse(text) as { status?: unknown };
  } catch (error) {
    throw new Final(`the answer is no JSON: ${errorMessage(error)}`);
  }
}
