import { errorMessage } from '@keelson/base';
import { type Api, ApiError } from '@keelson/client';
import { Binding } from '@keelson/types';
import type { PodInfo } from './cache/pod-info.ts';

/** What became of a binding. `gone`: the pod was deleted meanwhile, there is nothing left to do. */
export type Bound = { readonly type: 'bound' } | { readonly type: 'gone' } | { readonly type: 'failed'; readonly why: string };

/** DefaultBinder: tells the API server the pod's node. Never rejects. */
export async function bind(api: Pick<Api, 'create'>, { pod, namespace, uid }: PodInfo, node: string): Promise<Bound> {
  const metadata = { name: pod.metadata.name ?? '', namespace, uid };
  try {
    await api.create(
      Binding,
      { apiVersion: 'v1', kind: 'Binding', metadata, target: { kind: 'Node', name: node } },
      { subresource: 'binding' },
    );
    return { type: 'bound' };
  } catch (error) {
    return error instanceof ApiError && error.code === 404
      ? { type: 'gone' }
      : { type: 'failed', why: `binding rejected: running Bind plugin "DefaultBinder": ${errorMessage(error)}` };
  }
}
