import { type Clock, silentLogger } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import { type Change, IndexedStore, type Informer, type InformerOptions, type Informers } from '@keelson/runtime';
import type { EndpointSlice, Kind, Namespace, Service } from '@keelson/types';
import { Registry } from 'prom-client';
import { type Answerer, createAnswerer } from './answer.ts';
import { dnsMetrics } from './metrics.ts';
import { ClusterModel } from './model.ts';
import type { Upstream } from './upstream.ts';

/** A cluster's objects for this project's tests. */

type ServiceSpec = NonNullable<Service['spec']>;

export function service(name: string, spec: Partial<ServiceSpec> = {}, namespace = 'shop'): Service {
  const ip = spec.clusterIP ?? '10.96.0.20';
  const clusterIPs = spec.type === 'ExternalName' ? [] : [ip];
  const ports = [{ name: 'http', port: 80, protocol: 'TCP' as const }];
  return { apiVersion: 'v1', kind: 'Service', metadata: { namespace, name }, spec: { clusterIP: ip, clusterIPs, ports, ...spec } };
}

export function headless(name: string, namespace = 'shop'): Service {
  return service(name, { clusterIP: 'None' }, namespace);
}

type Endpoint = NonNullable<EndpointSlice['endpoints']>[number];

export function slice(service: string, endpoints: readonly Endpoint[], more: Partial<EndpointSlice> = {}): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'shop', name: `${service}-x`, labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    endpoints: [...endpoints],
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    ...more,
  };
}

export function endpoint(ip: string, more: Partial<Endpoint> = {}): Endpoint {
  return { addresses: [ip], conditions: { ready: true }, ...more };
}

export function namespace(name: string): Namespace {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

export const fixedClock: Clock = { now: () => 1_790_000_000_000, after: () => ({ cancel: () => undefined }) };

/** Informers that hold what they are given. */
class FixedInformers implements Informers {
  readonly #objects: readonly KubeObject[];
  constructor(objects: readonly KubeObject[]) {
    this.#objects = objects;
  }

  for<T extends KubeObject>(kind: Kind<T>, options: InformerOptions<T> = {}): Informer<T> {
    const store = new IndexedStore<T>(options.indexes);
    for (const object of this.#objects) if (object.kind === kind.kind) store.set(object as T);
    return { store, synced: Promise.resolve(), hasSynced: true, onChange: (_: (change: Change<T>) => void) => () => undefined };
  }

  async start(): Promise<void> {}
}

export function modelOf(...objects: (Service | EndpointSlice | Namespace)[]): ClusterModel {
  return new ClusterModel(new FixedInformers(objects as readonly KubeObject[]), { domain: 'cluster.local', ttl: 30 }, fixedClock);
}

/** The cluster that most tests ask about. */
export const shop = modelOf(
  namespace('shop'),
  namespace('kube-system'),
  namespace('empty'),
  service('kube-dns', { clusterIP: '10.96.0.10' }, 'kube-system'),
  service('web', {
    ports: [
      { name: 'http', port: 80, protocol: 'TCP' },
      { name: 'dns', port: 53, protocol: 'UDP' },
    ],
  }),
  slice('web', [endpoint('10.244.0.7')]),
  service('dual', { clusterIP: '10.96.0.21', clusterIPs: ['10.96.0.21', 'fd00:0::21'] }),
  headless('db'),
  slice('db', [
    endpoint('10.244.0.5', { hostname: 'db-0' }),
    endpoint('10.244.0.6'),
    endpoint('10.244.0.9', { conditions: { ready: false, serving: true } }),
  ]),
  headless('nobody'),
  slice('nobody', []),
  service('mail', { type: 'ExternalName', externalName: 'Mail.Example.ORG.' }),
  service('alias', { type: 'ExternalName', externalName: 'web.shop.svc.cluster.local' }),
  service('lost', { type: 'ExternalName', externalName: 'gone.shop.svc.cluster.local' }),
  service('round', { type: 'ExternalName', externalName: 'about.shop.svc.cluster.local' }),
  service('about', { type: 'ExternalName', externalName: 'round.shop.svc.cluster.local' }),
);

export const noUpstream: Upstream = { ask: () => Promise.reject(new Error('nobody there')) };

export function answerer(upstream: Upstream = noUpstream, model = shop): Answerer {
  const metrics = dnsMetrics(new Registry(), fixedClock, { server: 'dns://:53', domain: model.domain });
  return createAnswerer({ model, upstream, metrics, clock: fixedClock, log: silentLogger });
}
