import {
  canonicalCidr,
  type FieldError,
  fieldInvalid,
  fieldRequired,
  parseCidr,
  path,
  validateCidr,
  validateImmutable,
} from '@keelson/machinery';
import { ServiceCIDR } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import type { KindDefinition } from '../types.ts';

const at = path('spec', 'cidrs');

export const serviceCIDRKind: KindDefinition<ServiceCIDR> = {
  kind: ServiceCIDR,
  generation: false,
  prepareCreate(range) {
    range.status = {};
  },
  validate: rangeErrors,
  validateUpdate: changeErrors,
  status: { leaves: 'metadata' },
  columns: [nameColumn, { name: 'CIDRs', type: 'string', cell: ({ spec }) => (spec?.cidrs ?? []).join(',') }, ageColumn],
};

function rangeErrors({ spec }: ServiceCIDR): FieldError[] {
  const cidrs = spec?.cidrs ?? [];
  if (cidrs.length === 0) return [fieldRequired(at, 'at least one CIDR required')];
  if (cidrs.length > 2) return [fieldInvalid(at, spec, 'may only hold up to 2 values')];
  const versions = cidrs.map((cidr) => parseCidr(cidr)?.address.version);
  if (cidrs.length === 2 && (versions.includes(undefined) || versions[0] === versions[1])) {
    const detail = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64';
    return [fieldInvalid(at, spec, detail)];
  }
  return cidrs.flatMap((cidr, index) => cidrErrors(cidr, index));
}

/** A range stays as it is; a second family may come to it, and does not leave it again. */
function changeErrors(next: ServiceCIDR, old: ServiceCIDR): FieldError[] {
  const [wanted, present] = [next.spec?.cidrs ?? [], old.spec?.cidrs ?? []];
  const grows = wanted.length === 2 && present.length === 1;
  if (!grows && wanted.length !== present.length) return validateImmutable(wanted, present, at);
  return present.flatMap((cidr, index) => validateImmutable(wanted[index], cidr, at.index(index)));
}

/** Unlike older fields, this one takes a range only in its one canonical form. */
function cidrErrors(cidr: string, index: number): FieldError[] {
  const errors = validateCidr(cidr, at.index(index));
  const canonical = canonicalCidr(cidr);
  if (errors.length > 0 || cidr === canonical) return errors;
  return [fieldInvalid(at.index(index), cidr, `must be in canonical form ("${canonical}")`)];
}
