import {
  type FieldError,
  type FieldPath,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  invalidBy,
  isDNS1123Label,
  isPortName,
  isPortNumber,
  isQualifiedName,
  path,
} from '@keelson/machinery';
import type { Service, ServicePort } from '@keelson/types';
import { requiredName, requiredOneOf } from '../field-checks.ts';

const at = path('spec', 'ports');
const protocols = ['SCTP', 'TCP', 'UDP'];
const kubeletPort = 10_250;

export function portErrors({ type, clusterIP, ports = [] }: Service['spec']): FieldError[] {
  const errors: FieldError[] = [];
  if (ports.length === 0 && type !== 'ExternalName' && clusterIP !== 'None') errors.push(fieldRequired(at));
  const seen = new Set<string>();
  const isNew = (value: string): boolean => seen.size < seen.add(value).size;
  for (const [index, port] of ports.entries()) {
    const where = at.index(index);
    errors.push(...onePortErrors(port, where, ports.length > 1));
    const { name, protocol, port: number, nodePort } = port;
    if (name && !isNew(`name ${name}`)) errors.push(fieldDuplicate(where.child('name'), name));
    if (!isNew(`port ${protocol}/${number}`)) errors.push(fieldDuplicate(where, { protocol, port: number }));
    if (type === 'LoadBalancer' && number === kubeletPort) {
      const why = `may not expose port ${kubeletPort} externally since it is used by kubelet`;
      errors.push(fieldInvalid(where, number, why));
    }
    if (!nodePort) continue;
    if (type === 'ClusterIP' || type === 'ExternalName')
      errors.push(fieldForbidden(where.child('nodePort'), `may not be used when \`type\` is '${type}'`));
    else if (!isNew(`nodePort ${protocol}/${nodePort}`)) errors.push(fieldDuplicate(where.child('nodePort'), nodePort));
  }
  return errors;
}

function onePortErrors({ name, port, protocol, targetPort, appProtocol }: ServicePort, where: FieldPath, needsName: boolean): FieldError[] {
  const target = typeof targetPort === 'number' ? isPortNumber(targetPort) : typeof targetPort === 'string' ? isPortName(targetPort) : [];
  return [
    ...(name || needsName ? requiredName(name, isDNS1123Label, where.child('name')) : []),
    ...invalidBy(isPortNumber(port), where.child('port'), port),
    ...requiredOneOf(protocol, protocols, where.child('protocol')),
    ...invalidBy(target, where.child('targetPort'), targetPort),
    ...(appProtocol === undefined ? [] : invalidBy(isQualifiedName(appProtocol), where.child('appProtocol'), appProtocol)),
  ];
}
