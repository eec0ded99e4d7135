import { canonicalQuantity, compareQuantities, type FieldPath, isQualifiedName, parseQuantity, zeroQuantity } from '@keelson/machinery';
import type { ObjectFieldSelector, ResourceFieldSelector } from '@keelson/types';
import type { Report } from '../../report.ts';

/** What of its pod a container may be told, in variables and in files. */

const inVariables = [
  ...['metadata.name', 'metadata.namespace', 'metadata.uid', 'spec.nodeName', 'spec.serviceAccountName'],
  ...['status.hostIP', 'status.hostIPs', 'status.podIP', 'status.podIPs'],
];
const inFiles = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid'];
const supported = { variable: inVariables, file: inFiles };
/** Paths that name a field, whether or not it may stand here. */
const known: ReadonlySet<string> = new Set([...inVariables, ...inFiles, 'spec.restartPolicy', 'spec.schedulerName', 'status.phase']);
const subscripted = /^(.*)\['(.*)'\]$/s;

/** A reference to a field of the pod. Labels and annotations are named one by one with a key in brackets. */
export function checkFieldRef(
  { apiVersion, fieldPath }: ObjectFieldSelector,
  use: keyof typeof supported,
  at: FieldPath,
  report: Report,
): void {
  if (!apiVersion) {
    report.required(at, 'apiVersion');
    return;
  }
  if (!fieldPath) {
    report.required(at, 'fieldPath');
    return;
  }
  if (apiVersion !== 'v1') {
    report.invalid(at, 'fieldPath', fieldPath, `error converting fieldPath: unsupported pod version: ${apiVersion}`);
    return;
  }
  const [, path, key] = (fieldPath.endsWith(']') && subscripted.exec(fieldPath)) || [];
  if (path !== undefined && key !== undefined) {
    checkSubscript(path, key, at, report);
    return;
  }
  if (supported[use].includes(fieldPath)) return;
  if (known.has(fieldPath)) report.unsupported(at, 'fieldPath', fieldPath, supported[use]);
  else report.invalid(at, 'fieldPath', fieldPath, `error converting fieldPath: field label not supported: ${fieldPath}`);
}

function checkSubscript(path: string, key: string, at: FieldPath, report: Report): void {
  if (path === 'metadata.annotations') report.problems(at, '', key.toLowerCase(), isQualifiedName(key.toLowerCase()));
  else if (path === 'metadata.labels') report.problems(at, '', key, isQualifiedName(key));
  else if (known.has(path)) report.invalid(at, '', path, 'does not support subscript');
  else report.invalid(at, 'fieldPath', `${path}['${key}']`, `error converting fieldPath: field label does not support subscript`);
}

const resources = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const hugePages = /^(?:limits|requests)\.hugepages-/;

/** A reference to what a container may use; in a file the container must be named. */
export function checkResourceRef(
  { containerName, resource, divisor }: ResourceFieldSelector,
  inFile: boolean,
  at: FieldPath,
  report: Report,
): void {
  if (inFile && !containerName) report.required(at, 'containerName');
  else if (!resource) report.required(at, 'resource');
  else if (!resources.includes(resource) && !hugePages.test(resource)) report.unsupported(at, 'resource', resource, resources);
  if (resource && divisor !== undefined && divisor !== '0') checkDivisor(resource, divisor, at, report);
}

const cpuDivisors = ['1m', '1'];
const sizeDivisors = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];

function checkDivisor(resource: string, divisor: string | number, at: FieldPath, report: Report): void {
  const [name, divisors] = unitOf(resource);
  if (!divisors || compareQuantities(parseQuantity(divisor), zeroQuantity) === 0 || divisors.includes(canonicalQuantity(divisor))) return;
  const listed = divisors === cpuDivisors ? '1m and 1' : divisors.join(', ');
  report.invalid(at, 'divisor', resource, `only divisor's values ${listed} are supported with the ${name} resource`);
}

function unitOf(resource: string): [name: string, divisors?: readonly string[]] {
  const name = resource.slice(resource.indexOf('.') + 1);
  if (name === 'cpu') return ['cpu', cpuDivisors];
  if (name === 'memory') return ['memory', sizeDivisors];
  if (name === 'ephemeral-storage') return ['local ephemeral storage', sizeDivisors];
  return hugePages.test(resource) ? ['hugepages', sizeDivisors] : [name];
}
