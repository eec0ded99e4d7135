import { badRequest, serviceUnavailable } from '@keelson/machinery';
import { Node, type Pod } from '@keelson/types';
import type { KubeletAddress } from '../../http/services.ts';
import type { Registry } from '../../registry/registry.ts';

/** Kinds of node addresses, most wanted first. */
const preferred = ['InternalIP', 'Hostname', 'InternalDNS', 'ExternalDNS', 'ExternalIP'];
const defaultPort = 10250;

/** The kubelet that runs a pod. @throws StatusError when the node is unknown or has no address. */
export function kubeletOf(registry: Registry, pod: Pod): KubeletAddress {
  const name = pod.spec.nodeName ?? '';
  return kubeletAt(registry.read(Node, '', name), name);
}

/** The kubelet of a node. @throws StatusError when the node has no address. */
export function kubeletAt(node: Node | undefined, name = node?.metadata.name ?? ''): KubeletAddress {
  const addresses = node?.status?.addresses ?? [];
  const found = preferred.map((type) => addresses.find((address) => address.type === type)).find((address) => address !== undefined);
  if (!found) throw serviceUnavailable(`no preferred addresses found for node "${name}"`);
  return { host: found.address, port: node?.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? defaultPort, node: name };
}

const defaultContainer = 'kubectl.kubernetes.io/default-container';

/** The container a connection is for. @throws StatusError BadRequest when it is not named and not clear, or not in the pod. */
export function containerOf({ metadata, spec }: Pod, asked: string | null): string {
  const all = [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])].map(({ name }) => name);
  const pod = metadata.name ?? '';
  if (asked) {
    if (all.includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${pod}`);
  }
  const marked = metadata.annotations?.[defaultContainer];
  if (marked && all.includes(marked)) return marked;
  if (spec.containers.length === 1) return spec.containers[0]?.name ?? '';
  const names = spec.containers.map(({ name }) => name).join(' ');
  const init = spec.initContainers?.length
    ? ` or one of the init containers: [${spec.initContainers.map(({ name }) => name).join(' ')}]`
    : '';
  throw badRequest(`a container name must be specified for pod ${pod}, choose one of: [${names}]${init}`);
}
