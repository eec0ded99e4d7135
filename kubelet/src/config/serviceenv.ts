import type { Service } from '@keelson/types';

/**
 * The variables through which containers find services: `{NAME}_SERVICE_HOST`, `_SERVICE_PORT` and the older link variables. The
 * pod's own namespace where links are on, and `default/kubernetes` always.
 */
export function serviceEnv(services: readonly Service[], namespace: string, links: boolean): Map<string, string> {
  const variables = new Map<string, string>();
  for (const service of services) {
    const { name, namespace: home } = service.metadata ?? {};
    const ip = service.spec?.clusterIP;
    if (!ip || ip === 'None') continue;
    const master = home === 'default' && name === 'kubernetes';
    if (master || (links && home === namespace)) addService(variables, service, ip);
  }
  return variables;
}

function addService(variables: Map<string, string>, service: Service, ip: string): void {
  const prefix = variableName(service.metadata?.name ?? '');
  const ports = service.spec?.ports ?? [];
  const [first] = ports;
  if (!first) return;
  const host = ip.includes(':') ? `[${ip}]` : ip;
  variables.set(`${prefix}_SERVICE_HOST`, ip);
  variables.set(`${prefix}_SERVICE_PORT`, String(first.port));
  for (const port of ports) if (port.name) variables.set(`${prefix}_SERVICE_PORT_${variableName(port.name)}`, String(port.port));
  variables.set(`${prefix}_PORT`, `${(first.protocol ?? 'TCP').toLowerCase()}://${host}:${first.port}`);
  for (const port of ports) {
    const protocol = port.protocol ?? 'TCP';
    const link = `${prefix}_PORT_${port.port}_${protocol.toUpperCase()}`;
    variables.set(link, `${protocol.toLowerCase()}://${host}:${port.port}`);
    variables.set(`${link}_PROTO`, protocol.toLowerCase());
    variables.set(`${link}_PORT`, String(port.port));
    variables.set(`${link}_ADDR`, ip);
  }
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}
