import { badRequest, serviceUnavailable } from '@keelson/machinery';
import { EndpointSlice, type Node, type Pod, type Service } from '@keelson/types';
import { type RelayTarget, relay, splitProxyPath } from '../../http/relay/relay.ts';
import type { ResourceHandler, ResourceRequest } from '../../http/resource-request.ts';
import { parseEntry } from '../../registry/entry.ts';
import { get } from '../../registry/read.ts';
import type { ServedSubresource } from '../served-kind.ts';
import type { Verb } from '../types.ts';
import { kubeletAt } from './kubelet-location.ts';

const verbs: readonly Verb[] = ['create', 'delete', 'get', 'patch', 'update'];

/** A proxy subresource: anything sent to it goes to what the name, `[scheme:]name[:port]`, stands for. */
function proxy(kind: string, locate: (name: ProxyName, request: ResourceRequest) => Promise<RelayTarget>): ServedSubresource {
  const handler: ResourceHandler = async (request) => {
    const name = parseName(request.info.name);
    return relay(request, await locate(name, request));
  };
  return { verbs, anyMethod: true, kind: { group: '', version: 'v1', kind }, handler };
}

interface ProxyName {
  readonly scheme: 'http' | 'https';
  readonly name: string;
  readonly port: string;
}

/** @throws StatusError BadRequest for what is no such name. */
export function parseName(text: string): ProxyName {
  const parts = text.split(':');
  const [scheme, name = '', port = ''] = parts.length === 3 ? parts : ['', ...parts];
  if (parts.length > 3 || name === '' || !['', 'http', 'https'].includes(scheme ?? ''))
    throw badRequest(`invalid service request ${JSON.stringify(text)}`);
  return { scheme: scheme === 'https' ? 'https' : 'http', name, port };
}

export const podProxy = proxy('PodProxyOptions', async ({ scheme, name, port }, { registry, store, info }) => {
  const { spec, status } = parseEntry<Pod>(await get(registry, store, info.namespace, name, ''));
  const host = status?.podIPs?.[0]?.ip ?? status?.podIP;
  if (!host) throw badRequest('address not allowed');
  const first = spec.containers.flatMap(({ ports = [] }) => ports.map(({ containerPort }) => containerPort))[0];
  return { scheme, host, port: port === '' ? (first ?? (scheme === 'https' ? 443 : 80)) : portNumber(port) };
});

function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw badRequest(`invalid port ${JSON.stringify(text)}`);
  return port;
}

export const serviceProxy = proxy('ServiceProxyOptions', async ({ scheme, name, port }, { registry, store, info, random }) => {
  const service = parseEntry<Service>(await get(registry, store, info.namespace, name, ''));
  const portName = portNameOf(service, port);
  const ready = readyEndpoints({ registry, info }, name, portName);
  const chosen = ready[Math.floor(random.next() * ready.length)];
  if (!chosen) throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(info.name)}`);
  return { scheme, ...chosen };
});

/** A port given as a number is one of the service's own; its name says which of the endpoints' it is. */
function portNameOf({ spec, metadata }: Service, port: string): string {
  const ports = spec?.ports ?? [];
  if (!/^\d+$/.test(port)) return port;
  const found = ports.find((one) => one.port === Number(port));
  if (!found) throw serviceUnavailable(`no service port ${port} found for service ${JSON.stringify(metadata.name)}`);
  return found.name ?? '';
}

function readyEndpoints(
  { registry, info }: Pick<ResourceRequest, 'registry' | 'info'>,
  service: string,
  portName: string,
): { host: string; port: number }[] {
  const store = registry.of(EndpointSlice);
  const found: { host: string; port: number }[] = [];
  store.cache.each(store.scopeOf(info.namespace), (entry) => {
    if (entry.labels['kubernetes.io/service-name'] !== service) return true;
    const { endpoints = [], ports = [] } = parseEntry<EndpointSlice>(entry);
    for (const { name = '', port } of ports ?? []) {
      if (name !== portName || !port) continue;
      for (const { addresses, conditions } of endpoints ?? [])
        if (conditions?.ready !== false && addresses[0]) found.push({ host: addresses[0], port });
    }
    return true;
  });
  return found;
}

/** To the kubelet, as the API server: the caller's right to `nodes/proxy` has been looked at. */
export const nodeProxy: ServedSubresource = {
  verbs,
  anyMethod: true,
  kind: { group: '', version: 'v1', kind: 'NodeProxyOptions' },
  async handler(request) {
    const { registry, store, info, services, response } = request;
    const { name } = parseName(info.name);
    const node = parseEntry<Node>(await get(registry, store, '', name, ''));
    const { rest, query } = splitProxyPath(request.request.url ?? '');
    const body: Buffer[] = [];
    for await (const chunk of request.request) body.push(chunk);
    const method = request.request.method as 'GET';
    const abort = new AbortController();
    response.on('close', () => abort.abort());
    const sent = { method, path: (rest || '/') + query, body: Buffer.concat(body), signal: abort.signal };
    const answer = await services.kubelets.send(kubeletAt(node), sent);
    response.writeHead(answer.status, { 'content-type': String(answer.headers['content-type'] ?? 'text/plain') });
    for await (const chunk of answer.chunks) response.write(chunk);
    response.end();
  },
};
