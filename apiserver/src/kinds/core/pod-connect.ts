import { badRequest } from '@keelson/machinery';
import type { Pod } from '@keelson/types';
import { parseEntry } from '../../registry/entry.ts';
import { get } from '../../registry/read.ts';
import type { Subresource } from '../types.ts';
import { containerOf, kubeletOf } from './kubelet-location.ts';

/**
 * `exec`, `attach`, `portforward`: the client's upgraded connection is joined to the kubelet's, byte by byte, so every protocol the
 * kubelet speaks (SPDY/3.1 or WebSocket) is spoken here too.
 */
export function connectPod(verb: 'exec' | 'attach' | 'portForward'): Pick<Subresource, 'handler' | 'upgrade'> {
  return {
    handler: async ({ registry, store, info }) => {
      await get(registry, store, info.namespace, info.name, '');
      throw badRequest('Upgrade request required');
    },
    upgrade: async ({ registry, store, info }, tunnel) => {
      const pod = parseEntry<Pod>(await get(registry, store, info.namespace, info.name, ''));
      if (!pod.spec.nodeName) throw badRequest(`pod ${info.name} does not have a host assigned`);
      const query = new URLSearchParams(info.query);
      const target = verb === 'portForward' ? '' : `/${containerOf(pod, query.get('container'))}`;
      query.delete('container');
      renameStreams(query, verb);
      const path = `/${verb}/${info.namespace}/${info.name}${target}?${query}`;
      await tunnel(kubeletOf(registry, pod), path);
    },
  };
}

/** The API says `stdin=true`; the kubelet is asked with `input=1`. */
function renameStreams(query: URLSearchParams, verb: string): void {
  if (verb === 'portForward') return;
  for (const [name, short] of [
    ['stdin', 'input'],
    ['stdout', 'output'],
    ['stderr', 'error'],
    ['tty', 'tty'],
  ] as const) {
    const value = query.get(name);
    query.delete(name);
    if (value === 'true' || value === '1') query.set(short, '1');
  }
}
