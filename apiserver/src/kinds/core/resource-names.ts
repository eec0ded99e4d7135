import {
  type FieldError,
  type FieldPath,
  fieldInvalid,
  invalidBy,
  isQualifiedName,
  parseQuantity,
  quantityMilliValue,
} from '@keelson/machinery';
import { nonNegativeQuantity } from '../field-checks.ts';

const counted = [
  'pods',
  'services',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
];
const ofContainers = ['cpu', 'memory', 'ephemeral-storage'];
const ofQuotas = [
  ...ofContainers,
  ...ofContainers.flatMap((name) => [`requests.${name}`, `limits.${name}`]),
  'requests.storage',
  ...counted,
];

export const isHugePages = (name: string): boolean => name.startsWith('hugepages-');
const isContainerResource = (name: string): boolean => ofContainers.includes(name) || isHugePages(name);
export const isQuotaResource = (name: string): boolean =>
  ofQuotas.includes(name) || isHugePages(name) || name.startsWith('requests.hugepages-');

/** Names of resources that may stand anywhere: standard ones, or with a domain. */
export function resourceNameErrors(name: string, at: FieldPath): FieldError[] {
  const errors = invalidBy(isQualifiedName(name), at, name);
  if (errors.length > 0 || name.includes('/') || name === 'storage' || isQuotaResource(name)) return errors;
  return [fieldInvalid(at, name, 'must be a standard resource type or fully qualified')];
}

/** Names of what containers ask for. */
export function containerResourceNameErrors(name: string, at: FieldPath): FieldError[] {
  const errors = resourceNameErrors(name, at);
  if (name.includes('/') || isContainerResource(name)) return errors;
  return [...errors, fieldInvalid(at, name, 'must be a standard resource for containers')];
}

/** Names of what a quota limits. */
export function quotaResourceNameErrors(name: string, at: FieldPath): FieldError[] {
  const errors = resourceNameErrors(name, at);
  if (name.includes('/') || isQuotaResource(name)) return errors;
  return [...errors, fieldInvalid(at, name, 'must be a standard resource for quota')];
}

/** Resources that are handed out whole: objects, and whatever has somebody else's domain. */
function isWhole(name: string): boolean {
  if (counted.includes(name)) return true;
  return name.includes('/') && !name.includes('kubernetes.io/') && !name.startsWith('requests.') && !name.startsWith('count/');
}

/** What is wrong with an amount of a resource. */
export function resourceAmountErrors(name: string, amount: string | number, at: FieldPath): FieldError[] {
  const errors = nonNegativeQuantity(amount, at);
  if (isWhole(name) && quantityMilliValue(parseQuantity(amount)) % 1000 !== 0) errors.push(fieldInvalid(at, amount, 'must be an integer'));
  return errors;
}
