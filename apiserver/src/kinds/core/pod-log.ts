import { badRequest, notFound } from '@keelson/machinery';
import type { Pod } from '@keelson/types';
import type { ResourceHandler } from '../../http/types.ts';
import { parseEntry } from '../../registry/entry.ts';
import { get } from '../../registry/read.ts';
import { containerOf, kubeletOf } from './kubelet-location.ts';

const passed = ['follow', 'tailLines', 'sinceSeconds', 'sinceTime', 'timestamps', 'limitBytes', 'previous', 'stream'];

/** `GET pods/<name>/log`: the kubelet's answer, passed through as it comes. */
export const podLog: ResourceHandler = async (request) => {
  const { registry, store, info, response } = request;
  const pod = parseEntry<Pod>(await get(registry, store, info.namespace, info.name, ''));
  const container = containerOf(pod, info.query.get('container'));
  if (!pod.spec.nodeName) {
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.end();
    return;
  }
  const query = new URLSearchParams(
    passed.flatMap((name) => (info.query.has(name) ? [[name, info.query.get(name) ?? ''] as [string, string]] : [])),
  );
  const path = `/containerLogs/${info.namespace}/${info.name}/${container}?${query}`;
  const abort = new AbortController();
  response.on('close', () => abort.abort());
  const upstream = await request.services.kubelets.send(kubeletOf(registry, pod), { method: 'GET', path, signal: abort.signal });
  if (upstream.status === 404) throw notFound({ group: '', resource: 'pods' }, await textOf(upstream.chunks));
  if (upstream.status >= 400) throw badRequest((await textOf(upstream.chunks)).trim());
  response.writeHead(200, { 'content-type': 'text/plain' });
  response.flushHeaders();
  for await (const chunk of upstream.chunks) {
    if (response.write(chunk)) continue;
    await new Promise<void>((resolve) => {
      response.on('drain', resolve);
      response.on('close', resolve);
    });
  }
  response.end();
};

async function textOf(chunks: AsyncIterable<Buffer>): Promise<string> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all).toString();
}
