import {
  type FieldError,
  type FieldPath,
  isDNS1123Label,
  isDNS1123Subdomain,
  isLabelValue,
  isQualifiedName,
  parseIp,
  path,
  validateFullyQualifiedDomainName,
  validateIp,
} from '@keelson/machinery';
import type { Endpoint, EndpointSlice } from '@keelson/types';
import { Report } from '../report.ts';
import { checkMachineAddress } from '../special-addresses.ts';

const addressTypes = ['FQDN', 'IPv4', 'IPv6'];
const protocols = ['SCTP', 'TCP', 'UDP'];
const mostEndpoints = 1000;
const mostPorts = 20_000;
const mostAddresses = 100;
const mostTopology = 16;
const mostHints = 8;

export function endpointSliceErrors({ addressType = '', endpoints, ports }: EndpointSlice, old?: EndpointSlice): FieldError[] {
  const report = new Report();
  if (!addressType) report.required(path('addressType'), '');
  else if (!addressTypes.includes(addressType)) report.unsupported(path('addressType'), '', addressType, addressTypes);
  const before = new Set(old?.endpoints?.flatMap(({ addresses }) => addresses));
  checkEndpoints(endpoints ?? [], { type: addressType, before }, report);
  checkPorts(ports ?? [], report);
  return report.errors;
}

/** How addresses are meant, and those that were there, which stay however they are written. */
interface Addressing {
  readonly type: string;
  readonly before: ReadonlySet<string>;
}

function checkEndpoints(endpoints: readonly Endpoint[], addressing: Addressing, report: Report): void {
  if (endpoints.length > mostEndpoints) {
    report.tooMany(path('endpoints'), '', endpoints.length, mostEndpoints);
    return;
  }
  for (const [index, endpoint] of endpoints.entries()) checkEndpoint(endpoint, addressing, path('endpoints').index(index), report);
}

function checkEndpoint(endpoint: Endpoint, addressing: Addressing, at: FieldPath, report: Report): void {
  const { addresses = [], hostname, nodeName, deprecatedTopology = {} } = endpoint;
  if (addresses.length === 0) report.required(at, 'addresses', 'must contain at least 1 address');
  else if (addresses.length > mostAddresses) report.tooMany(at, 'addresses', addresses.length, mostAddresses);
  for (const [index, address] of addresses.entries()) checkAddress(address, addressing, at.child('addresses').index(index), report);
  const keys = Object.keys(deprecatedTopology);
  if (keys.length > mostTopology) report.tooMany(at, 'deprecatedTopology', keys.length, mostTopology);
  if (deprecatedTopology['kubernetes.io/hostname'] !== undefined)
    report.invalid(
      at,
      'deprecatedTopology',
      'kubernetes.io/hostname',
      'may not be set to kubernetes.io/hostname, use the nodeName field instead',
    );
  for (const [key, value] of Object.entries(deprecatedTopology)) {
    report.problems(at, 'deprecatedTopology', key, isQualifiedName(key));
    report.problems(at, `deprecatedTopology[${key}]`, value, isLabelValue(value));
  }
  if (nodeName !== undefined) report.problems(at, 'nodeName', nodeName, isDNS1123Subdomain(nodeName));
  if (hostname !== undefined) report.problems(at, 'hostname', hostname, isDNS1123Label(hostname));
  checkHints(endpoint, at, report);
}

function checkAddress(address: string, { type, before }: Addressing, at: FieldPath, report: Report): void {
  if (type === 'FQDN') report.add(validateFullyQualifiedDomainName(address, at));
  if (type !== 'IPv4' && type !== 'IPv6') return;
  if (!before.has(address)) report.add(validateIp(address, at));
  const parsed = parseIp(address);
  if (parsed && `IPv${parsed.version}` !== type) report.invalid(at, '', address, `must be an ${type} address`);
  checkMachineAddress(address, at, '', report);
}

function checkHints({ hints }: Endpoint, at: FieldPath, report: Report): void {
  for (const member of ['forZones', 'forNodes'] as const) {
    const list = hints?.[member];
    if (!list) continue;
    const where = `hints.${member}`;
    if (list.length > mostHints) {
      report.tooMany(at, where, list.length, mostHints);
      continue;
    }
    for (const [index, { name = '' }] of list.entries()) {
      if (list.findIndex((other) => other.name === name) < index) report.duplicate(at, `${where}[${index}].name`, name);
      report.problems(at, `${where}[${index}].name`, name, isLabelValue(name));
    }
  }
}

function checkPorts(ports: NonNullable<EndpointSlice['ports']>, report: Report): void {
  if (ports.length > mostPorts) {
    report.tooMany(path('ports'), '', ports.length, mostPorts);
    return;
  }
  const names = new Set<string>();
  for (const [index, { name = '', port, protocol, appProtocol }] of ports.entries()) {
    const at = path('ports').index(index);
    if (name !== '') report.problems(at, 'name', name, isDNS1123Label(name));
    if (names.has(name)) report.duplicate(at, 'name', name);
    names.add(name);
    if (!protocol) report.required(at, 'protocol');
    else if (!protocols.includes(protocol)) report.unsupported(at, 'protocol', protocol, protocols);
    if (typeof port === 'number' && (port < 1 || port > 65535)) report.invalid(at, 'port', port, 'must be between 1 and 65535, inclusive');
    if (appProtocol !== undefined) report.problems(at, 'appProtocol', appProtocol, isQualifiedName(appProtocol));
  }
}
