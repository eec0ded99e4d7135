import { isDNS1123Label } from '@keelson/machinery';
import { Service, type ServicePort } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import type { ServedKind } from '../served-kind.ts';
import type { Column } from '../types.ts';
import { serviceProxy } from './proxy.ts';
import { addressMarkers, assignAddresses, serviceClaims } from './service-addresses.ts';
import { dropOfFormerType, hasExternalTraffic, keepAllocations, settleClusterIP } from './service-update.ts';
import { serviceErrors, serviceStatusErrors, serviceUpdateErrors } from './service-validation.ts';
import { serviceWarnings } from './service-warnings.ts';

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

export const serviceKind: ServedKind<Service> = {
  kind: Service,
  prefix: '/registry/services/specs/',
  verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  name: isDNS1123Label,
  defaults: ({ spec }) => spec && defaultService(spec),
  prepareCreate(service) {
    service.status = { loadBalancer: {} };
    if (!service.spec) return;
    settleClusterIP(service.spec, undefined);
    dropUnused(service);
  },
  prepareUpdate(service, old) {
    settleClusterIP(service.spec, old.spec);
    keepAllocations(service.spec, old.spec);
    dropOfFormerType(service.spec, old.spec);
    dropUnused(service);
  },
  validate: serviceErrors,
  validateUpdate: serviceUpdateErrors,
  warnings: serviceWarnings,
  status: { prepareUpdate: defaultBalancerModes, validateUpdate: serviceStatusErrors },
  subresources: { proxy: serviceProxy },
  claims: serviceClaims,
  assign: assignAddresses,
  markers: addressMarkers,
  generation: false,
  createOnUpdate: true,
  deletion: { returnsObject: true },
  selectableFields: { 'spec.clusterIP': ({ spec }) => spec.clusterIP ?? '', 'spec.type': ({ spec }) => spec.type ?? '' },
  columns,
};

/** What means nothing to its type, and is taken without complaint: an ExternalName's traffic policy, the balancer of what has none. */
function dropUnused(service: Service): void {
  const { spec, status } = service;
  if (spec.type === 'ExternalName') delete spec.internalTrafficPolicy;
  if (spec.type !== 'LoadBalancer' && status) service.status = { ...status, loadBalancer: {} };
}

/** An address of a load balancer is one that packets come to unchanged, unless told. */
function defaultBalancerModes({ status }: Service): void {
  for (const ingress of status?.loadBalancer?.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP';
}

function defaultService(spec: Service['spec']): void {
  spec.sessionAffinity ||= 'None';
  spec.type ||= 'ClusterIP';
  if (spec.sessionAffinity !== 'ClientIP') spec.sessionAffinityConfig = undefined;
  else if (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined)
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: 10_800 } };
  for (const port of spec.ports ?? []) {
    port.protocol ??= 'TCP';
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port;
  }
  if (hasExternalTraffic(spec)) spec.externalTrafficPolicy ??= 'Cluster';
  if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
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
