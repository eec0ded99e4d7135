import type { EndpointSlice, Service } from '@keelson/types';
import type { RenderOptions } from './iptables/rules.ts';
import type { Place } from './model/types.ts';

/** Objects for this project's tests. */

export const place: Place = { nodeName: 'n1', zone: 'a', family: 'IPv4' };

export const render: RenderOptions = {
  clusterCIDR: '10.244.0.0/16',
  serviceRange: '10.96.0.0/16',
  masqueradeAll: false,
  masqueradeEgress: false,
  masqueradeBit: 14,
  localhostNodePorts: false,
};

/** Fields of a service's spec, unchecked: tables of tests widen their literals. */
export type SpecFixture = { readonly [K in keyof NonNullable<Service['spec']>]: unknown };

export function service(name: string, spec: SpecFixture = {}, status?: unknown): Service {
  const address = spec.clusterIP ?? '10.96.0.10';
  const port = { name: 'p', port: 80, protocol: 'TCP', targetPort: 8080 };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'ns', name },
    spec: { type: 'ClusterIP', clusterIP: address, clusterIPs: [address], ports: [port], ...spec },
    ...(status ? { status } : {}),
  } as Service;
}

export type EndpointFixture = NonNullable<EndpointSlice['endpoints']>[number];

/** An endpoint `10.244.<node number>.<last>` on node `n<node number>`. */
export function endpoint(node: number, last: number, more: Partial<EndpointFixture> = {}): EndpointFixture {
  return {
    addresses: [`10.244.${node}.${last}`],
    nodeName: `n${node}`,
    conditions: { ready: true, serving: true, terminating: false },
    ...more,
  };
}

export const terminating = { conditions: { ready: false, serving: true, terminating: true } };

export function slice(name: string, endpoints: readonly EndpointFixture[], port = 8080, protocol: 'TCP' | 'UDP' = 'TCP'): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'ns', name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: [...endpoints],
    ports: [{ name: 'p', port, protocol }],
  };
}
