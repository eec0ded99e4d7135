import type { ExchangeHandler, HttpRequestLike, HttpResponseLike } from '@keelson/client';

/** A handler that can be left without anybody being torn off. */
export interface Drain {
  readonly handle: ExchangeHandler;
  /** Resolves when nothing is served any more. */
  quiet(): Promise<void>;
}

/** Serves until the signal aborts, then sends newcomers away with advice to come again: to another server, for their connections are closed. */
export function draining(handle: ExchangeHandler, signal: AbortSignal): Drain {
  let serving = 0;
  let rest = Promise.withResolvers<void>();
  return {
    async handle(request, response) {
      if (signal.aborted && !isExempt(request)) return turnAway(response);
      serving++;
      try {
        await handle(request, response);
      } finally {
        serving--;
        if (serving === 0) {
          rest.resolve();
          rest = Promise.withResolvers<void>();
        }
      }
    },
    quiet: () => (serving === 0 ? Promise.resolve() : rest.promise),
  };
}

/** Health and metrics, and what the server asks itself. */
function isExempt({ url = '', headers }: HttpRequestLike): boolean {
  return /^\/(?:readyz|livez|healthz|metrics)/.test(url) || String(headers['user-agent'] ?? '').startsWith('kube-apiserver/');
}

function turnAway(response: HttpResponseLike): void {
  response.writeHead(429, {
    connection: 'close',
    'retry-after': '5',
    'content-type': 'text/plain; charset=utf-8',
    'x-content-type-options': 'nosniff',
  });
  response.end('The apiserver is shutting down, please try again later.\n');
}
