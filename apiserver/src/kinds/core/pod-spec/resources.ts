import {
  compareQuantities,
  type FieldPath,
  isDNS1123Label,
  parseQuantity,
  type Quantity,
  quantityMilliValue,
  quantityValue,
} from '@keelson/machinery';
import type { PodSpec, ResourceRequirements } from '@keelson/types';
import type { Report } from '../../report.ts';
import { containerResourceNameErrors, isHugePages, resourceAmountErrors } from '../resource-names.ts';

type Amounts = NonNullable<ResourceRequirements['limits']>;
type Claims = NonNullable<ResourceRequirements['claims']>;
type Named = (name: string, at: FieldPath) => ReturnType<typeof containerResourceNameErrors>;

/** What a container asks for and is held to, and the claims of the pod it uses. */
export function checkResources(
  { resources }: { readonly resources?: ResourceRequirements | undefined },
  spec: PodSpec,
  at: FieldPath,
  report: Report,
): void {
  if (!resources) return;
  const { limits, requests, claims } = resources;
  if (!limits && !requests && !claims) return;
  const where = at.child('resources');
  checkAmounts(resources, containerResourceNameErrors, where, report);
  if (claims?.length) checkClaims(claims, spec, where, report);
}

/** Limits and requests, and how they stand to each other. */
export function checkAmounts({ limits, requests }: ResourceRequirements, named: Named, at: FieldPath, report: Report): void {
  if (limits) for (const name in limits) checkAmount(name, limits[name] ?? '0', named, at.child('limits'), report);
  if (requests)
    for (const name in requests) {
      const request = requests[name] ?? '0';
      checkAmount(name, request, named, at.child('requests'), report);
      checkAgainstLimit(name, request, limits, at, report);
    }
  const names = [limits, requests].flatMap((amounts) => (amounts ? Object.keys(amounts) : []));
  if (names.some(isHugePages) && !names.includes('cpu') && !names.includes('memory'))
    report.forbidden(at, '', 'HugePages require cpu or memory');
}

function checkAmount(name: string, amount: string | number, named: Named, at: FieldPath, report: Report): void {
  const usual = (name === 'cpu' || name === 'memory') && isPlain(amount);
  if (usual) return;
  const where = at.key(name);
  report.add(named(name, where));
  report.add(resourceAmountErrors(name, amount, where));
  if (isHugePages(name) && !isMultiple(parseQuantity(amount), name))
    report.invalid(at, `[${name}]`, String(amount), `${amount} is not positive integer multiple of ${name}`);
}

/** What cannot be negative, seen without reading it. */
function isPlain(amount: string | number): boolean {
  return typeof amount === 'string' && !amount.startsWith('-');
}

function isMultiple(amount: Quantity, name: string): boolean {
  try {
    const page = parseQuantity(name.slice(name.indexOf('-') + 1));
    const isWhole = quantityMilliValue(page) > 0 && quantityMilliValue(page) % 1000 === 0;
    return isWhole && quantityValue(amount) % quantityValue(page) === 0;
  } catch {
    return false;
  }
}

/** Resources that are handed out for good cannot be promised twice: those of other domains, and huge pages. */
function isOvercommitted(name: string): boolean {
  return (!name.includes('/') || name.includes('kubernetes.io/')) && !isHugePages(name);
}

function checkAgainstLimit(name: string, request: string | number, limits: Amounts | undefined, at: FieldPath, report: Report): void {
  const limit = limits?.[name];
  const shared = isOvercommitted(name);
  if (limit === request) return;
  if (limit === undefined) {
    if (!shared) report.required(at, 'limits', 'Limit must be set for non overcommitable resources');
    return;
  }
  const difference = compareQuantities(parseQuantity(request), parseQuantity(limit));
  if (!shared && difference !== 0) report.invalid(at, 'requests', request, `must be equal to ${name} limit of ${limit}`);
  else if (difference > 0) report.invalid(at, 'requests', request, `must be less than or equal to ${name} limit of ${limit}`);
}

/** Each claim, or each request of it, once; and only those the pod has. */
function checkClaims(claims: Claims, { resourceClaims = [] }: PodSpec, at: FieldPath, report: Report): void {
  const seen = new Set<string>();
  for (const [index, { name, request }] of claims.entries()) {
    const where = at.child('claims').index(index);
    if (!name) {
      report.required(where, '');
      continue;
    }
    const key = request ? `${name}/${request}` : name;
    if (seen.has(name)) report.duplicate(where, '', name);
    else {
      if (request) report.problems(where, 'request', request, isDNS1123Label(request));
      const isPartKnown = !request && [...seen].some((other) => other.startsWith(`${name}/`));
      if (seen.has(key) || isPartKnown) report.duplicate(where, '', key);
      seen.add(key);
    }
    if (!resourceClaims.some((claim) => claim.name === name))
      report.notFound(where, '', name, `must be one of the names in pod.spec.resourceClaims${listed(resourceClaims)}`);
  }
}

function listed(claims: readonly { readonly name: string }[]): string {
  const names = claims.map(({ name }) => name).sort();
  return names.length > 0 ? `: ${names.join(', ')}` : ' which is empty';
}
