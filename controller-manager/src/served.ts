import { type Clock, errorMessage, type Logger, sleep } from '@keelson/base';
import { type Api, readBody } from '@keelson/client';
import { type ControllerDefinition, kindKey } from '@keelson/runtime';
import { servedKinds } from './discovery.ts';

/** Milliseconds between two tries to learn what the server serves. */
const patience = 1_000;

/**
 * The kinds the server serves, as `kindKey` names them. Asked for until there is an answer, of a server that calls itself healthy: one
 * that is just starting may not know of all of them. Nothing once the signal has aborted.
 */
export async function kindsServed(
  { api, clock, log }: { readonly api: Api; readonly clock: Clock; readonly log: Logger },
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  while (!signal.aborted) {
    try {
      await readBody(await api.raw({ method: 'GET', path: '/healthz' }));
      return await servedKinds(api);
    } catch (error) {
      if (!signal.aborted) log.warn(`failed to discover resources: ${errorMessage(error)}`);
      await sleep(clock, patience, signal).catch(() => undefined);
    }
  }
  return new Set();
}

/** Kinds a controller reads that the server does not have: waiting for them would be waiting for ever. */
export function missingKinds({ reads }: Pick<ControllerDefinition, 'reads'>, served: ReadonlySet<string>): string[] {
  return reads.map(kindKey).filter((kind) => !served.has(kind));
}
