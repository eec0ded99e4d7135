import { isDNS1035Label } from '@keelson/machinery';
import { Service, type ServicePort } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import type { Column, KindDefinition } from '../types.ts';
import { serviceProxy } from './proxy.ts';
import { assignAddresses, serviceClaims } from './service-addresses.ts';
import { serviceErrors, serviceUpdateErrors } from './service-validation.ts';

const columns: readonly Column<Service>[] = [
  nameColumn,
  { name: 'Type', type: 'string', cell: ({ spec }) => spec.type ?? '' },
  { name: 'Cluster-IP', type: 'string', cell: ({ spec }) => spec.clusterIPs?.[0] || spec.clusterIP || '<none>' },
  { name: 'External-IP', type: 'string', cell: externalText },
  { name: 'Port(s)', type: 'string', cell: ({ spec }) => (spec.ports ?? []).map(portText).join(',') || '<none>' },
  ageColumn,
  {
    name: 'Selector',
    type: 'string',
    priority: 1,
    cell: ({ spec }) =>
      Object.entries(spec.selector ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .sort()
        .join(',') || '<none>',
  },
];

export const serviceKind: KindDefinition<Service> = {
  kind: Service,
  prefix: '/registry/services/specs/',
  verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  name: isDNS1035Label,
  defaults: ({ spec }) => spec && defaultService(spec),
  prepareCreate(service) {
    service.status = { loadBalancer: {} };
  },
  prepareUpdate(next, old) {
    keepAllocations(next.spec, old.spec);
  },
  validate: serviceErrors,
  validateUpdate: serviceUpdateErrors,
  status: {},
  subresources: { proxy: serviceProxy },
  claims: serviceClaims,
  assign: assignAddresses,
  generation: false,
  createOnUpdate: true,
  deletion: { returnsObject: true },
  selectableFields: { 'spec.clusterIP': ({ spec }) => spec.clusterIP ?? '', 'spec.type': ({ spec }) => spec.type ?? '' },
  columns,
};

function defaultService(spec: Service['spec']): void {
  spec.sessionAffinity ||= 'None';
  spec.type ||= 'ClusterIP';
  if (spec.sessionAffinity === 'ClientIP') spec.sessionAffinityConfig ??= { clientIP: { timeoutSeconds: 10_800 } };
  else spec.sessionAffinityConfig = undefined;
  for (const port of spec.ports ?? []) {
    port.protocol ??= 'TCP';
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port;
  }
  const external = spec.type === 'NodePort' || spec.type === 'LoadBalancer';
  if (external || (spec.externalIPs?.length ?? 0) > 0) spec.externalTrafficPolicy ??= 'Cluster';
  if (spec.type !== 'ExternalName') {
    spec.internalTrafficPolicy ??= 'Cluster';
    spec.ipFamilyPolicy ??= 'SingleStack';
    spec.ipFamilies ??= ['IPv4'];
  }
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
}

/** An update that leaves out what was allocated keeps it, as long as the type still has it. */
function keepAllocations(next: Service['spec'], old: Service['spec']): void {
  if (next.type === 'ExternalName') {
    if (old.type !== 'ExternalName' && (!next.clusterIP || next.clusterIP === old.clusterIP)) {
      next.clusterIP = undefined;
      next.clusterIPs = undefined;
    }
    return;
  }
  if (!next.clusterIP && old.clusterIP) next.clusterIP = old.clusterIP;
  if (!next.clusterIPs?.length && old.clusterIPs && next.clusterIP === old.clusterIP) next.clusterIPs = old.clusterIPs;
  if (next.type !== 'NodePort' && next.type !== 'LoadBalancer') {
    const had = new Set((old.ports ?? []).map(({ nodePort }) => nodePort));
    if (old.type === 'NodePort' || old.type === 'LoadBalancer')
      for (const port of next.ports ?? []) if (had.has(port.nodePort)) port.nodePort = undefined;
    return;
  }
  for (const port of next.ports ?? []) {
    if (port.nodePort) continue;
    port.nodePort = (old.ports ?? []).find((one) => one.port === port.port && one.protocol === port.protocol)?.nodePort;
  }
}

function portText({ port, nodePort, protocol }: ServicePort): string {
  return nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`;
}

function externalText({ spec, status }: Service): string {
  const ips = spec.externalIPs ?? [];
  if (spec.type === 'ExternalName') return spec.externalName ?? '';
  if (spec.type !== 'LoadBalancer') return ips.join(',') || '<none>';
  const ingress = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? '');
  return [...ingress, ...ips].join(',') || '<pending>';
}
