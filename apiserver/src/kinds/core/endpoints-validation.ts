import {
  equal,
  type FieldError,
  type FieldPath,
  isDNS1123Label,
  isDNS1123Subdomain,
  isPortNumber,
  isQualifiedName,
  path,
  validateIp,
} from '@keelson/machinery';
import type { EndpointAddress, EndpointPort, Endpoints } from '@keelson/types';
import { Report } from '../report.ts';
import { checkMachineAddress } from '../special-addresses.ts';

const protocols = ['SCTP', 'TCP', 'UDP'];
const whole = path('subsets');

/** What has not changed was once good enough. */
export function endpointsErrors({ subsets = [] }: Endpoints, old?: Endpoints): FieldError[] {
  const errors = subsetErrors(subsets);
  return errors.length > 0 && old && equal(subsets, old.subsets) ? [] : errors;
}

function subsetErrors(subsets: NonNullable<Endpoints['subsets']>): FieldError[] {
  const report = new Report();
  for (const [index, { addresses = [], notReadyAddresses = [], ports = [] }] of subsets.entries()) {
    const at = whole.index(index);
    if (addresses.length === 0 && notReadyAddresses.length === 0)
      report.required(at, '', 'must specify `addresses` or `notReadyAddresses`');
    for (const [place, address] of addresses.entries()) checkAddress(address, at.child('addresses').index(place), report);
    for (const [place, address] of notReadyAddresses.entries()) checkAddress(address, at.child('notReadyAddresses').index(place), report);
    for (const [place, port] of ports.entries()) checkPort(port, ports.length > 1, at.child('ports').index(place), report);
  }
  return report.errors;
}

function checkAddress({ ip = '', hostname, nodeName }: EndpointAddress, at: FieldPath, report: Report): void {
  report.add(validateIp(ip, at.child('ip')));
  if (hostname) report.problems(at, 'hostname', hostname, isDNS1123Label(hostname));
  if (nodeName !== undefined) report.problems(at, 'nodeName', nodeName, isDNS1123Subdomain(nodeName));
  checkMachineAddress(ip, at, 'ip', report);
}

function checkPort({ name, port = 0, protocol, appProtocol }: EndpointPort, needsName: boolean, at: FieldPath, report: Report): void {
  if (needsName && !name) report.required(at, 'name');
  else if (name) report.problems(at, 'name', name, isDNS1123Label(name));
  report.problems(at, 'port', port, isPortNumber(port));
  if (!protocol) report.required(at, 'protocol');
  else if (!protocols.includes(protocol)) report.unsupported(at, 'protocol', protocol, protocols);
  if (appProtocol !== undefined) report.problems(at, 'appProtocol', appProtocol, isQualifiedName(appProtocol));
}
