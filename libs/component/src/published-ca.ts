import { type Clock, errorMessage, type Logger, sleep } from '@keelson/base';
import { type Api, readJson } from '@keelson/client';

const path = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
/** Milliseconds until it is asked for again, where there was no answer, and where there was one. */
const again = 5_000;
const later = 60_000;

interface Deps {
  readonly api: Pick<Api, 'raw'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Tells the authorities of client certificates as the API server publishes them, PEM, for a listener that was given none: when they are
 * known, and within a minute when they are others. Ends when nobody may tell, or the signal aborts. What `take` throws is logged.
 */
export async function followPublishedClientCA({ api, clock, log, signal }: Deps, take: (clientCA: string) => void): Promise<void> {
  let known: string | undefined;
  let said = '';
  while (!signal.aborted) {
    try {
      const response = await api.raw({ method: 'GET', path, headers: { accept: 'application/json' }, signal });
      const found = (await readJson(response)) as { data?: Readonly<Record<string, string>>; message?: string };
      if (response.status === 403) return void log.warn('client certificates are not taken', { error: found.message });
      if (response.status !== 200) throw new Error(found.message ?? `HTTP ${response.status}`);
      const published = found.data?.['client-ca-file'];
      if (published && published !== known) take(published);
      known = published;
      said = '';
    } catch (error) {
      if (said !== errorMessage(error) && !signal.aborted)
        log.info('no authority of client certificates yet', { error: errorMessage(error) });
      said = errorMessage(error);
    }
    await sleep(clock, said === '' ? later : again, signal).catch(() => undefined);
  }
}
