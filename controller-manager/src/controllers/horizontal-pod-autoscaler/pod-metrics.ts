import { errorMessage } from '@keelson/base';
import { type Api, ApiError, collectionPath, readJson, withQuery } from '@keelson/client';
import type { Usage } from './metrics.ts';
import type { PodMetrics } from './replicas.ts';

const podMetrics = { group: 'metrics.k8s.io', version: 'v1beta1', resource: 'pods', namespaced: true };

/** Asks metrics.k8s.io what the selected pods of a namespace use. Never throws: not to be told is an answer. */
export async function readUsage(api: Api, namespace: string, labelSelector: string): Promise<Usage> {
  try {
    const path = withQuery(collectionPath(podMetrics, namespace), { labelSelector });
    const { items } = (await readJson(await api.raw({ method: 'GET', path }))) as { items?: readonly PodMetrics[] | null };
    return { type: 'known', metrics: items ?? [] };
  } catch (error) {
    return { type: 'unknown', message: isMadeUp(error) ? `${errorMessage(error)} (get pods.metrics.k8s.io)` : errorMessage(error) };
  }
}

/** An answer that was no Status says nothing of what was asked. */
function isMadeUp(error: unknown): boolean {
  return error instanceof ApiError && error.status.details?.causes?.[0]?.reason === 'UnexpectedServerResponse';
}
