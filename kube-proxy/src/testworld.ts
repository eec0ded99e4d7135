import type { EndpointSlice, Service } from '@keelson/types';
import { endpoint, service, slice, terminating } from './testdata.ts';
import { Wanted } from './wanted.ts';

/** A cluster that changes at random, for this project's property tests. */
export interface World {
  readonly services: Map<string, Service>;
  readonly slices: Map<string, EndpointSlice>;
}

export const wantedOf = (world: World): Wanted =>
  new Wanted({
    keys: () => world.services.keys(),
    service: (key) => world.services.get(key),
    slices: (key) => [...(world.slices.get(key) ? [world.slices.get(key) as EndpointSlice] : [])],
  });

/** Changes a service or its endpoints; returns its key. */
export function mutate(world: World, int: (below: number) => number): string {
  const n = int(12);
  const key = `ns/s${n}`;
  const kind = int(10);
  if (kind === 0) {
    world.services.delete(key);
    if (int(2)) world.slices.delete(key);
  } else if (kind < 4 || !world.services.has(key)) {
    world.services.set(key, randomService(n, int));
  } else {
    const count = int(5);
    world.slices.set(
      key,
      slice(
        `s${n}`,
        Array.from({ length: count }, () => endpoint(1 + int(3), 1 + int(6), int(4) === 0 ? terminating : {})),
      ),
    );
  }
  return key;
}

function randomService(n: number, int: (below: number) => number): Service {
  const policy = (): 'Cluster' | 'Local' => (int(3) === 0 ? 'Local' : 'Cluster');
  const type = (['ClusterIP', 'NodePort', 'LoadBalancer'] as const)[int(3)] ?? 'ClusterIP';
  const ports = [
    { name: 'p', port: 80 + int(2), protocol: 'TCP', ...(type === 'ClusterIP' ? {} : { nodePort: 30_000 + n }) },
    ...(int(3) === 0 ? [{ name: 'q', port: 90, protocol: 'UDP' }] : []),
  ];
  const spec = {
    type,
    ports,
    clusterIP: `10.96.2.${n}`,
    internalTrafficPolicy: policy(),
    externalTrafficPolicy: policy(),
    ...(int(4) === 0 ? { sessionAffinity: 'ClientIP' } : {}),
    // Several services may want the same one.
    ...(int(4) === 0 ? { externalIPs: ['198.51.100.7'] } : {}),
  };
  const balancer = type === 'LoadBalancer' ? { loadBalancer: { ingress: [{ ip: `192.0.2.${n}` }] } } : undefined;
  return service(
    `s${n}`,
    { ...spec, ...(int(3) === 0 ? { loadBalancerSourceRanges: ['10.0.0.0/8'], healthCheckNodePort: 31_000 + n } : {}) },
    balancer,
  );
}
