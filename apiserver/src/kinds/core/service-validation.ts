import {
  type FieldError,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  fieldUnsupported,
  isDNS1123Label,
  isDNS1123Subdomain,
  isPortName,
  isPortNumber,
  path,
  validateIp,
  validateLabels,
} from '@keelson/machinery';
import type { Service } from '@keelson/types';

const at = path('spec');
const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const protocols = ['SCTP', 'TCP', 'UDP'];

export function serviceErrors({ spec }: Service): FieldError[] {
  if (!spec) return [fieldRequired(at)];
  const errors: FieldError[] = [...portErrors(spec), ...validateLabels(spec.selector ?? {}, at.child('selector'))];
  if (!types.includes(spec.type ?? '')) errors.push(fieldUnsupported(at.child('type'), spec.type, types));
  if (!['ClientIP', 'None'].includes(spec.sessionAffinity ?? ''))
    errors.push(fieldUnsupported(at.child('sessionAffinity'), spec.sessionAffinity, ['ClientIP', 'None']));
  if (spec.type === 'ExternalName') {
    if (spec.clusterIP) errors.push(fieldForbidden(at.child('clusterIPs').index(0), 'may not be set for ExternalName services'));
    if (!spec.externalName) errors.push(fieldRequired(at.child('externalName')));
    else
      for (const message of isDNS1123Subdomain(spec.externalName.replace(/\.$/, '')))
        errors.push(fieldInvalid(at.child('externalName'), spec.externalName, message));
  }
  if (spec.type === 'LoadBalancer' && spec.clusterIP === 'None')
    errors.push(fieldInvalid(at.child('clusterIPs').index(0), spec.clusterIP, "may not be set to 'None' for LoadBalancer services"));
  if (spec.type === 'NodePort' && spec.clusterIP === 'None')
    errors.push(fieldInvalid(at.child('clusterIPs').index(0), spec.clusterIP, "may not be set to 'None' for NodePort services"));
  if (spec.clusterIP && spec.clusterIP !== 'None') errors.push(...validateIp(spec.clusterIP, at.child('clusterIPs').index(0)));
  for (const [index, ip] of (spec.externalIPs ?? []).entries()) errors.push(...validateIp(ip, at.child('externalIPs').index(index)));
  return errors;
}

function portErrors(spec: Service['spec']): FieldError[] {
  const errors: FieldError[] = [];
  const ports = spec.ports ?? [];
  const needed = spec.type !== 'ExternalName' && spec.clusterIP !== 'None';
  if (ports.length === 0 && needed) errors.push(fieldRequired(at.child('ports')));
  const names = new Set<string>();
  const taken = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const where = at.child('ports').index(index);
    if (!port.name && ports.length > 1) errors.push(fieldRequired(where.child('name')));
    if (port.name) {
      for (const message of isDNS1123Label(port.name)) errors.push(fieldInvalid(where.child('name'), port.name, message));
      if (names.has(port.name)) errors.push(fieldDuplicate(where.child('name'), port.name));
      names.add(port.name);
    }
    for (const message of isPortNumber(port.port)) errors.push(fieldInvalid(where.child('port'), port.port, message));
    if (!protocols.includes(port.protocol ?? '')) errors.push(fieldUnsupported(where.child('protocol'), port.protocol, protocols));
    const { targetPort } = port;
    const target = typeof targetPort === 'number' ? isPortNumber(targetPort) : typeof targetPort === 'string' ? isPortName(targetPort) : [];
    for (const message of target) errors.push(fieldInvalid(where.child('targetPort'), targetPort, message));
    if (port.nodePort && (spec.type === 'ClusterIP' || spec.type === 'ExternalName'))
      errors.push(fieldForbidden(where.child('nodePort'), `may not be used when \`type\` is '${spec.type}'`));
    const key = `${port.protocol}/${port.port}`;
    if (taken.has(key)) errors.push(fieldDuplicate(where, { protocol: port.protocol, port: port.port }));
    taken.add(key);
  }
  return errors;
}

export function serviceUpdateErrors(next: Service, old: Service): FieldError[] {
  const [from, to] = [old.spec.clusterIP, next.spec.clusterIP];
  const stays = next.spec.type !== 'ExternalName' && old.spec.type !== 'ExternalName';
  if (!stays || !from || from === to) return [];
  return [fieldInvalid(at.child('clusterIPs').index(0), to, 'may not change once set')];
}
