import {
  compareQuantities,
  type FieldError,
  type FieldPath,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  invalidBy,
  isQualifiedName,
  parseQuantity,
  path,
} from '@keelson/machinery';
import type { LimitRange, LimitRangeItem } from '@keelson/types';
import { containerResourceNameErrors, resourceNameErrors } from './resource-names.ts';

const standardTypes = ['Pod', 'Container', 'PersistentVolumeClaim'];
const bounds = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;

export function limitRangeErrors({ spec }: LimitRange): FieldError[] {
  const seen = new Set<string>();
  return (spec?.limits ?? []).flatMap((item, index) => {
    const at = path('spec', 'limits').index(index);
    const errors = typeErrors(item.type, at.child('type'));
    if (seen.has(item.type)) errors.push(fieldDuplicate(at.child('type'), item.type));
    seen.add(item.type);
    return [...errors, ...itemErrors(item, at)];
  });
}

function typeErrors(type: string, at: FieldPath): FieldError[] {
  const problems = isQualifiedName(type ?? '');
  if (problems.length > 0) return invalidBy(problems, at, type ?? '');
  if (type.includes('/') || standardTypes.includes(type)) return [];
  return [fieldInvalid(at, type, 'must be a standard limit type or fully qualified')];
}

function itemErrors(item: LimitRangeItem, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const nameErrors = item.type === 'Pod' || item.type === 'Container' ? containerResourceNameErrors : resourceNameErrors;
  for (const bound of bounds) {
    const where = at.child(bound);
    if (item.type === 'Pod' && (bound === 'default' || bound === 'defaultRequest')) {
      if (Object.keys(item[bound] ?? {}).length > 0) errors.push(fieldForbidden(where, "may not be specified when `type` is 'Pod'"));
      continue;
    }
    for (const name of Object.keys(item[bound] ?? {})) errors.push(...nameErrors(name, where.key(name)));
  }
  if (item.type === 'PersistentVolumeClaim' && item.min?.storage === undefined && item.max?.storage === undefined)
    errors.push(fieldRequired(at.child('limits'), 'either minimum or maximum storage value is required, but neither was provided'));
  const names = new Set(bounds.flatMap((bound) => Object.keys(item[bound] ?? {})));
  return [...errors, ...[...names].flatMap((name) => orderErrors(item, name, at))];
}

/** Bounds of one resource must lie in the order minimum, default request, default limit, maximum. */
function orderErrors(item: LimitRangeItem, name: string, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const { min, max, default: limit, defaultRequest: request } = item;
  const check = (
    low: string | number | undefined,
    high: string | number | undefined,
    blamed: 'min' | 'default' | 'defaultRequest',
    [lowName, highName]: readonly [string, string],
  ): void => {
    if (low === undefined || high === undefined || compareQuantities(parseQuantity(low), parseQuantity(high)) <= 0) return;
    const detail = `${lowName} value ${low} is greater than ${highName} value ${high}`;
    errors.push(fieldInvalid(at.child(blamed).key(name), item[blamed]?.[name], detail));
  };
  check(min?.[name], max?.[name], 'min', ['min', 'max']);
  check(min?.[name], request?.[name], 'defaultRequest', ['min', 'default request']);
  check(request?.[name], max?.[name], 'defaultRequest', ['default request', 'max']);
  check(request?.[name], limit?.[name], 'defaultRequest', ['default request', 'default limit']);
  check(min?.[name], limit?.[name], 'default', ['min', 'default']);
  check(limit?.[name], max?.[name], 'default', ['default', 'max']);
  return [...errors, ...ratioErrors(item, name, at)];
}

function ratioErrors({ maxLimitRequestRatio, min, max }: LimitRangeItem, name: string, at: FieldPath): FieldError[] {
  const ratio = maxLimitRequestRatio?.[name];
  if (ratio === undefined) return [];
  const where = at.child('maxLimitRequestRatio').key(name);
  const value = nanos(ratio);
  const errors = value < 1e9 ? [fieldInvalid(where, ratio, `ratio ${ratio} is less than 1`)] : [];
  const [low, high] = [min?.[name], max?.[name]];
  if (low === undefined || high === undefined || nanos(low) === 0) return errors;
  const largest = nanos(high) / nanos(low);
  if (value / 1e9 > largest) errors.push(fieldInvalid(where, ratio, `ratio ${ratio} is greater than max/min = ${largest.toFixed(6)}`));
  return errors;
}

function nanos(amount: string | number): number {
  return Number(parseQuantity(amount).nanos);
}
