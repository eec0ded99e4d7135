import type { KubeObject } from '@keelson/client';
import { badRequest } from '@keelson/machinery';
import type { Pod } from '@keelson/types';
import { isTrue } from '../../http/request-info.ts';
import type { ResourceRequest } from '../../http/resource-request.ts';
import { parseEntry } from '../../registry/entry.ts';
import { get } from '../../registry/read.ts';
import type { ServedSubresource } from '../served-kind.ts';
import { containerOf, kubeletOf } from './kubelet-location.ts';

/**
 * `exec`, `attach`, `portforward`: the client's upgraded connection is joined to the kubelet's, byte by byte, so every protocol the
 * kubelet speaks (SPDY/3.1 or WebSocket) is spoken here too.
 */
export function connectPod(verb: 'exec' | 'attach' | 'portForward'): Pick<ServedSubresource, 'handler' | 'upgrade'> {
  return {
    handler: async ({ registry, store, info }) => {
      await get(registry, store, info.namespace, info.name, '');
      throw badRequest('Upgrade request required');
    },
    upgrade: async (request, tunnel) => {
      const { registry, store, info } = request;
      const pod = parseEntry<Pod>(await get(registry, store, info.namespace, info.name, ''));
      await admitConnection(request);
      const query = new URLSearchParams(info.query);
      const target = verb === 'portForward' ? '' : `/${containerOf(pod, query.get('container'))}`;
      if (!pod.spec.nodeName) throw badRequest(`pod ${info.name} does not have a host assigned`);
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
    const wanted = isTrue(query.get(name));
    query.delete(name);
    if (wanted) query.set(short, '1');
  }
}

const optionKinds: Readonly<Record<string, string>> = {
  exec: 'PodExecOptions',
  attach: 'PodAttachOptions',
  portforward: 'PodPortForwardOptions',
};

/** Admission looks at connections, too: what it is shown are their options. */
async function admitConnection({ registry, store, info, user, warnings, audit }: ResourceRequest): Promise<void> {
  const { query, namespace, name, subresource } = info;
  const flags = ['stdin', 'stdout', 'stderr', 'tty'].filter((flag) => isTrue(query.get(flag))).map((flag) => [flag, true]);
  const command = query.getAll('command');
  const container = query.get('container');
  const object = {
    ...{ kind: optionKinds[subresource], apiVersion: 'v1', ...Object.fromEntries(flags) },
    ...(command.length > 0 ? { command } : {}),
    ...(container ? { container } : {}),
  } as unknown as KubeObject;
  const operation = 'CONNECT' as const;
  const told = { warnings, annotate: audit?.annotate };
  const attributes = { operation, store, subresource, namespace, name, object, old: undefined, user, dryRun: false, ...told };
  await registry.admission.admit(attributes);
  await registry.admission.validate(attributes);
}
