import { errorMessage, every, sleep } from '@keelson/base';
import { EndpointSlice, Endpoints, Namespace, Service } from '@keelson/types';
import { systemUser } from '../auth/types.ts';
import { addressAt } from '../kinds/core/cidr.ts';
import type { Registry } from '../registry/registry.ts';
import type { Writable } from '../registry/writable.ts';
import { create, update } from '../registry/write.ts';

export interface KubernetesServiceOptions {
  /** Where members of the cluster reach this server. */
  readonly address: string;
  readonly port: number;
  readonly serviceCIDR: string;
}

const name = 'kubernetes';
const namespace = 'default';

/** How long a server that shares its store counts as there after its last sign of life, and how often it gives one, in seconds. */
const lease = { lasts: 15, renewed: 10 };
const leases = '/registry/masterleases/';

/**
 * Keeps Service `default/kubernetes` there, and its endpoints those of the servers that are there, until the signal; then takes its own
 * away. The first look is one interval away.
 */
export async function keepKubernetesService(registry: Registry, options: KubernetesServiceOptions, signal: AbortSignal): Promise<void> {
  const { clock, log, store } = registry.options;
  const failed = (error: unknown): void =>
    log.warn('could not reconcile the endpoints of default/kubernetes', { err: errorMessage(error) });
  await sleep(clock, lease.renewed * 1000, signal).catch(() => undefined);
  await every(clock, lease.renewed * 1000, signal, () => ensureKubernetesService(registry, options), failed);
  if (store.exclusive) return;
  const mine = await store.get(leases + options.address).catch(() => undefined);
  if (mine) await store.delete(mine.key, mine.revision).catch(() => undefined);
}

/** Addresses of the servers that share the store, this one's among them: each keeps a lease there, as upstream's do. */
async function serverAddresses({ options: { store } }: Registry, own: string): Promise<string[]> {
  if (store.exclusive) return [own];
  const value = Buffer.from(JSON.stringify({ kind: 'Endpoints', apiVersion: 'v1', metadata: {}, subsets: [{ addresses: [{ ip: own }] }] }));
  const ttl = { ttlSeconds: lease.lasts };
  const present = await store.get(leases + own);
  if (present) await store.update(present.key, value, present.revision, ttl);
  else await store.create(leases + own, value, ttl);
  const { entries } = await store.list(leases);
  return entries.map(({ key }) => key.slice(leases.length)).sort();
}

/** Service `default/kubernetes` at the first address of the service range, and endpoints that lead to the servers there are. */
export async function ensureKubernetesService(registry: Registry, options: KubernetesServiceOptions): Promise<void> {
  if (!registry.read(Namespace, '', namespace)) return;
  const addresses = await serverAddresses(registry, options.address);
  const labels = { component: 'apiserver', provider: 'kubernetes' };
  await ensure(registry, Service, {
    metadata: { name, labels },
    spec: {
      type: 'ClusterIP',
      clusterIP: addressAt(options.serviceCIDR.split(',')[0] ?? '', 1),
      sessionAffinity: 'None',
      ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: options.port }],
    },
  });
  await ensure(registry, Endpoints, {
    metadata: { name, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets: [{ addresses: addresses.map((ip) => ({ ip })), ports: [{ name: 'https', port: options.port, protocol: 'TCP' }] }],
  });
  await ensure(registry, EndpointSlice, {
    metadata: { name, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
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
