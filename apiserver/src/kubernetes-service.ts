import { EndpointSlice, Endpoints, Namespace, Service } from '@keelson/types';
import { systemUser } from './auth/types.ts';
import { addressAt } from './kinds/core/cidr.ts';
import type { Registry } from './registry/registry.ts';
import { create, update, type Writable } from './registry/write.ts';

export interface KubernetesServiceOptions {
  /** Where members of the cluster reach this server. */
  readonly address: string;
  readonly port: number;
  readonly serviceCIDR: string;
}

const name = 'kubernetes';
const namespace = 'default';

/** Service `default/kubernetes` at the first address of the service range, and endpoints that lead to this server. */
export async function ensureKubernetesService(registry: Registry, options: KubernetesServiceOptions): Promise<void> {
  if (!registry.read(Namespace, '', namespace)) return;
  const labels = { component: 'apiserver', provider: 'kubernetes' };
  await ensure(registry, Service, {
    metadata: { name, labels },
    spec: {
      type: 'ClusterIP',
      clusterIP: addressAt(options.serviceCIDR, 1),
      sessionAffinity: 'None',
      ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: options.port }],
    },
  });
  await ensure(registry, Endpoints, {
    metadata: { name, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets: [{ addresses: [{ ip: options.address }], ports: [{ name: 'https', port: options.port, protocol: 'TCP' }] }],
  });
  await ensure(registry, EndpointSlice, {
    metadata: { name, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [options.address], conditions: { ready: true } }],
    ports: [{ name: 'https', port: options.port, protocol: 'TCP' }],
  });
}

/** Creates the object, or puts back all but its metadata. */
async function ensure(registry: Registry, kind: typeof Service | typeof Endpoints | typeof EndpointSlice, wanted: object): Promise<void> {
  const store = registry.of(kind);
  const request = { namespace, user: systemUser, dryRun: false, subresource: '', warnings: [] };
  const object = wanted as Writable;
  if (!registry.read(kind as typeof Service, namespace, name)) {
    store.definition.defaults?.(object);
    await create(registry, store, object, request);
    return;
  }
  const apply = (current: Writable): Writable => {
    const next = {
      ...current,
      ...object,
      metadata: { ...current.metadata, labels: { ...current.metadata.labels, ...object.metadata.labels } },
    } as Writable;
    if (current.spec) next.spec = { ...(current.spec as object), ...(object.spec as object) };
    store.definition.defaults?.(next);
    return next;
  };
  await update(registry, store, name, { apply }, request);
}
