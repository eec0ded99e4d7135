import { readText } from '@keelson/client';
import { badRequest, notFound } from '@keelson/machinery';
import type { Pod } from '@keelson/types';
import type { ResourceRequest } from '../../http/resource-request.ts';
import { parseEntry } from '../../registry/entry.ts';
import { get } from '../../registry/read.ts';
import type { ServedSubresource } from '../served-kind.ts';
import { containerOf, kubeletOf } from './kubelet-location.ts';
import { kubeletLogQuery } from './pod-log-options.ts';

/** `GET pods/<name>/log`: the kubelet's answer, passed through as it comes, over HTTP or a WebSocket. */
export const podLog: Pick<ServedSubresource, 'handler' | 'read'> = {
  async handler(request) {
    const { response } = request;
    const abort = new AbortController();
    response.on('close', () => abort.abort());
    const log = await openLog(request, abort.signal);
    response.writeHead(200, { 'content-type': 'text/plain' });
    if (log) response.flushHeaders();
    for await (const chunk of log ?? []) {
      if (response.write(chunk)) continue;
      await new Promise<void>((resolve) => {
        response.on('drain', resolve);
        response.on('close', resolve);
      });
    }
    response.end();
  },

  async read(request, open) {
    const abort = new AbortController();
    const log = await openLog(request, abort.signal);
    const socket = await open();
    socket.gone.addEventListener('abort', () => abort.abort());
    try {
      for await (const chunk of log ?? []) await socket.send(chunk);
    } finally {
      socket.close();
    }
  },
};

/** Asks the kubelet; undefined for a pod that is on no node. @throws StatusError in the kubelet's words. */
async function openLog(request: ResourceRequest, signal: AbortSignal): Promise<AsyncIterable<Buffer> | undefined> {
  const { registry, store, info } = request;
  const query = kubeletLogQuery(info.query, info.name);
  const pod = parseEntry<Pod>(await get(registry, store, info.namespace, info.name, ''));
  const container = containerOf(pod, info.query.get('container'));
  if (!pod.spec.nodeName) return undefined;
  const path = `/containerLogs/${info.namespace}/${info.name}/${container}?${query}`;
  const upstream = await request.services.kubelets.send(kubeletOf(registry, pod), { method: 'GET', path, signal });
  if (upstream.status === 404) throw notFound({ group: '', resource: 'pods' }, await readText(upstream));
  if (upstream.status >= 400) throw badRequest((await readText(upstream)).trim());
  return upstream.chunks;
}
