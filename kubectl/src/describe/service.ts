import { labelsSelector } from '@keelson/machinery';
import { EndpointSlice, type Endpoints, type Service, type ServicePort } from '@keelson/types';
import type { Cluster } from '../cluster.ts';
import { field, head, type Lines, tableLines } from './lines.ts';

export async function describeService(cluster: Cluster, service: Service): Promise<Lines> {
  const { name, namespace } = service.metadata;
  const labelSelector = `kubernetes.io/service-name=${name}`;
  const { items } = await cluster.api.list(EndpointSlice, { namespace, labelSelector }).catch(() => ({ items: [] as EndpointSlice[] }));
  return serviceLines(service, items);
}

export function serviceLines({ metadata, spec = {}, status }: Service, slices: readonly EndpointSlice[]): Lines {
  const ingress = (status?.loadBalancer?.ingress ?? []).map(
    ({ ip, hostname, ipMode }) => `${ip || hostname || ''}${ip && ipMode ? ` (${ipMode})` : ''}`,
  );
  const optional = (label: string, value: string | undefined): Lines => (value ? [field(0, label, value)] : []);
  return [
    ...head(metadata),
    field(0, 'Selector', labelsSelector(spec.selector).toString() || '<none>'),
    field(0, 'Type', spec.type),
    ...optional('IP Family Policy', spec.ipFamilyPolicy),
    field(0, 'IP Families', (spec.ipFamilies ?? []).join(',') || '<none>'),
    field(0, 'IP', spec.clusterIP),
    field(0, 'IPs', (spec.clusterIPs ?? []).join(',') || '<none>'),
    ...optional('External IPs', spec.externalIPs?.join(',')),
    ...optional('Desired LoadBalancer IP', spec.loadBalancerIP),
    ...optional('External Name', spec.externalName),
    ...optional('LoadBalancer Ingress', ingress.join(', ')),
    ...(spec.ports ?? []).flatMap((port) => portLines(port, slices)),
    field(0, 'Session Affinity', spec.sessionAffinity),
    ...optional('External Traffic Policy', spec.externalTrafficPolicy),
    ...optional('Internal Traffic Policy', spec.internalTrafficPolicy),
    ...(spec.healthCheckNodePort ? [field(0, 'HealthCheck NodePort', spec.healthCheckNodePort)] : []),
    ...optional('LoadBalancer Source Ranges', spec.loadBalancerSourceRanges?.join(',')),
    ...optional('Traffic Distribution', spec.trafficDistribution),
  ];
}

function portLines(port: ServicePort, slices: readonly EndpointSlice[]): Lines {
  const name = port.name || '<unset>';
  const protocol = port.protocol ?? 'TCP';
  return [
    field(0, 'Port', `${name}\t${port.port}/${protocol}`),
    field(0, 'TargetPort', `${port.targetPort ?? port.port}/${protocol}`),
    ...(port.appProtocol === undefined ? [] : [field(0, 'AppProtocol', port.appProtocol)]),
    ...(port.nodePort ? [field(0, 'NodePort', `${name}\t${port.nodePort}/${protocol}`)] : []),
    field(0, 'Endpoints', endpointsText(port.name ?? '', slices)),
  ];
}

const most = 3;

/** The first addresses that take traffic for the port of a name, and how many more there are. */
export function endpointsText(portName: string, slices: readonly EndpointSlice[]): string {
  if (slices.length === 0) return '<none>';
  const all = slices.flatMap(({ ports, endpoints }) => {
    const addresses = (endpoints ?? [])
      .filter(({ conditions }) => conditions?.ready !== false)
      .map(({ addresses: [address = ''] }) => address);
    // Slices without ports are of headless services.
    if (!ports || ports.length === 0) return addresses;
    return ports
      .filter(({ name = '' }) => name === portName)
      .flatMap(({ port }) => addresses.map((address) => `${address.includes(':') ? `[${address}]` : address}:${port}`));
  });
  const shown = all.slice(0, most).join(',');
  return all.length > most ? `${shown} + ${all.length - most} more...` : shown;
}

export function endpointsLines({ metadata, subsets }: Endpoints): Lines {
  return [
    ...head(metadata),
    'Subsets:',
    ...(subsets ?? []).flatMap(({ addresses, notReadyAddresses, ports }) => {
      const ips = (list: readonly { readonly ip: string }[] | undefined): string => (list ?? []).map(({ ip }) => ip).join(',') || '<none>';
      const rows = (ports ?? []).map(({ name, port, protocol }) => [name || '<unset>', port, protocol]);
      const table = rows.length > 0 ? ['  Ports:', ...tableLines(2, ['Name', 'Port', 'Protocol'], rows)] : [];
      return [field(1, 'Addresses', ips(addresses)), field(1, 'NotReadyAddresses', ips(notReadyAddresses)), ...table, ''];
    }),
  ];
}

export function endpointSliceLines({ metadata, addressType, ports, endpoints }: EndpointSlice): Lines {
  const portRows = (ports ?? []).map(({ name, port, protocol }) => [name || '<unset>', port ?? '<unset>', protocol]);
  return [
    ...head(metadata),
    field(0, 'AddressType', addressType),
    ...(portRows.length > 0 ? ['Ports:', ...tableLines(1, ['Name', 'Port', 'Protocol'], portRows)] : ['Ports: <unset>']),
    ...((endpoints ?? []).length === 0 ? ['Endpoints: <none>'] : ['Endpoints:']),
    ...(endpoints ?? []).flatMap(({ addresses, conditions, hostname, targetRef, nodeName, zone }) => [
      `  - Addresses:\t${addresses.join(', ') || '<none>'}`,
      '    Conditions:',
      field(3, 'Ready', conditions?.ready ?? '<unset>'),
      `    Hostname:\t${hostname ?? '<unset>'}`,
      ...(targetRef ? [field(2, 'TargetRef', `${targetRef.kind ?? ''}/${targetRef.name ?? ''}`)] : []),
      `    NodeName:\t${nodeName ?? '<unset>'}`,
      `    Zone:\t${zone ?? '<unset>'}`,
    ]),
  ];
}
