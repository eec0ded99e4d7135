import { type Clock, errorMessage, type Logger, sleep } from '@keelson/base';
import { type Api, readJson } from '@keelson/client';

const path = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
const again = 5_000;

/**
 * The authority of client certificates as the API server publishes it, PEM, for a listener that was given none: asked for until there is an
 * answer. Undefined when nobody may tell, or the cluster has none, or the signal aborted.
 */
export async function publishedClientCA(
  api: Pick<Api, 'raw'>,
  clock: Clock,
  log: Logger,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (let said = ''; !signal.aborted; ) {
    try {
      const response = await api.raw({ method: 'GET', path, headers: { accept: 'application/json' }, signal });
      const found = (await readJson(response)) as { data?: Readonly<Record<string, string>>; message?: string };
      if (response.status === 200) return found.data?.['client-ca-file'];
      if (response.status === 403) return void log.warn('client certificates are not taken', { error: found.message });
      throw new Error(found.message ?? `HTTP ${response.status}`);
    } catch (error) {
      if (said !== errorMessage(error) && !signal.aborted)
        log.info('no authority of client certificates yet', { error: errorMessage(error) });
      said = errorMessage(error);
      await sleep(clock, again, signal).catch(() => undefined);
    }
  }
  return undefined;
}
