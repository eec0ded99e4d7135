import { errorMessage } from '@keelson/base';
import { compareStrings } from '@keelson/machinery';
import { EndpointSlice, type Ingress, type IngressBackend, type IngressClass, type IngressTLS, Service } from '@keelson/types';
import type { Cluster } from '../cluster.ts';
import { annotationLines, field, head, type Lines, labelLines } from './lines.ts';
import { endpointsText } from './service.ts';

/** A backend, and what is behind it. */
type BackendText = (backend: IngressBackend) => string;

export async function describeIngress(cluster: Cluster, ingress: Ingress): Promise<Lines> {
  const texts = new Map<IngressBackend, string>();
  const { defaultBackend, rules = [] } = ingress.spec ?? {};
  const backends = [
    ...(defaultBackend ? [defaultBackend] : []),
    ...rules.flatMap(({ http }) => (http?.paths ?? []).map((path) => path.backend)),
  ];
  await Promise.all(backends.map(async (backend) => texts.set(backend, await backendText(cluster, backend, ingress.metadata.namespace))));
  return ingressLines(ingress, (backend) => texts.get(backend) ?? '');
}

async function backendText(cluster: Cluster, { service, resource }: IngressBackend, namespace: string | undefined): Promise<string> {
  if (resource) return `APIGroup: ${resource.apiGroup ?? '<none>'}, Kind: ${resource.kind}, Name: ${resource.name}`;
  if (!service) return '';
  const { name, port } = service;
  return `${name}:${port?.number || (port?.name ?? '')} (${await serviceEnds(cluster, { name, port, namespace })})`;
}

interface Wanted {
  readonly name: string;
  readonly port: NonNullable<IngressBackend['service']>['port'];
  readonly namespace: string | undefined;
}

/** The addresses of a service's port, or why they are not known. */
async function serviceEnds(cluster: Cluster, { name, port, namespace }: Wanted): Promise<string> {
  try {
    const labelSelector = `kubernetes.io/service-name=${name}`;
    const [{ items }, { spec }] = await Promise.all([
      cluster.api.list(EndpointSlice, { namespace, labelSelector }),
      cluster.api.get(Service, { name, namespace }),
    ]);
    const found = spec?.ports?.findLast((each) => (port?.number ? each.port === port.number : each.name === port?.name));
    return endpointsText(found?.name ?? '', items);
  } catch (error) {
    return `<error: ${errorMessage(error)}>`;
  }
}

export function ingressLines({ metadata, spec, status }: Ingress, textOf: BackendText): Lines {
  const addresses = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip || hostname || []);
  const { defaultBackend, ingressClassName, tls = [] } = spec ?? {};
  const fallback = defaultBackend ? textOf(defaultBackend) : '<default>';
  return [
    field(0, 'Name', metadata.name),
    ...labelLines(0, metadata.labels),
    field(0, 'Namespace', metadata.namespace),
    field(0, 'Address', [...new Set(addresses)].sort(compareStrings).join(',')),
    field(0, 'Ingress Class', ingressClassName ?? '<none>'),
    field(0, 'Default backend', fallback),
    ...(tls.length > 0 ? ['TLS:', ...tls.map(tlsLine)] : []),
    'Rules:',
    '  Host\tPath\tBackends',
    '  ----\t----\t--------',
    ...ruleLines(spec?.rules ?? [], fallback, textOf),
    ...annotationLines(0, metadata.annotations),
  ];
}

function tlsLine({ secretName, hosts = [] }: IngressTLS): string {
  return secretName ? `  ${secretName} terminates ${hosts.join(',')}` : `  SNI routes ${hosts.join(',')}`;
}

/** A host, then its paths; where no rule says how requests go on, all go to the default. */
function ruleLines(rules: NonNullable<NonNullable<Ingress['spec']>['rules']>, fallback: string, textOf: BackendText): Lines {
  const lines = rules.flatMap(({ host, http }) =>
    http ? [`  ${host || '*'}\t`, ...http.paths.map(({ path = '', backend }) => `    \t${path} \t${textOf(backend)}`)] : [],
  );
  return lines.length > 0 ? lines : [`  *\t*\t${fallback}`];
}

export function ingressClassLines({ metadata, spec }: IngressClass): Lines {
  const { apiGroup, kind, name } = spec?.parameters ?? {};
  return [
    ...head(metadata),
    field(0, 'Controller', spec?.controller),
    ...(spec?.parameters
      ? ['Parameters:', ...(apiGroup === undefined ? [] : [field(1, 'APIGroup', apiGroup)]), field(1, 'Kind', kind), field(1, 'Name', name)]
      : []),
  ];
}
