import { errorMessage } from '@keelson/base';
import { CompileError, deviceProgram } from '@keelson/cel';
import {
  type FieldError,
  type FieldPath,
  fieldDuplicate,
  fieldInvalid,
  fieldRequired,
  fieldTooMany,
  invalidBy,
  isDNS1123Label,
  isDNS1123Subdomain,
  isQualifiedName,
  repeats,
} from '@keelson/machinery';
import type {
  DeviceClaim,
  DeviceConstraint,
  DeviceRequest,
  DeviceSelector,
  DeviceSubRequest,
  DeviceToleration,
  ExactDeviceRequest,
  OpaqueDeviceConfiguration,
} from '@keelson/types';
import { csiDriverNameErrors } from '../core/csi-driver-name.ts';
import { atMostBytes, oneOf, optionalName, requiredName } from '../field-checks.ts';

/** Requests, constraints, configurations and selectors, each, of one claim or class. */
const most = 32;
const mostAlternatives = 8;
const longestExpression = 10 * 1024;

export function defaultDeviceClaim(claim: DeviceClaim | undefined): void {
  for (const { exactly, firstAvailable } of claim?.requests ?? []) {
    for (const wanted of [exactly, ...(firstAvailable ?? [])]) if (wanted) defaultRequest(wanted);
  }
}

function defaultRequest(wanted: ExactDeviceRequest | DeviceSubRequest): void {
  wanted.allocationMode ||= 'ExactCount';
  if (wanted.allocationMode === 'ExactCount') wanted.count ||= 1;
  for (const toleration of wanted.tolerations ?? []) toleration.operator ??= 'Equal';
}

export function deviceClaimErrors(claim: DeviceClaim | undefined, at: FieldPath): FieldError[] {
  const { requests = [], constraints = [], config = [] } = claim ?? {};
  const names = requestNames(requests);
  return [
    ...limited(requests, most, at.child('requests')),
    ...requests.flatMap((request, index) => requestErrors(request, at.child('requests').index(index))),
    ...duplicates(
      requests.map(({ name }) => name),
      at.child('requests'),
    ),
    ...limited(constraints, most, at.child('constraints')),
    ...constraints.flatMap((constraint, index) => constraintErrors(constraint, names, at.child('constraints').index(index))),
    ...limited(config, most, at.child('config')),
    ...config.flatMap(({ requests: named = [], opaque }, index) => {
      const where = at.child('config').index(index);
      return [...nameReferenceErrors(named, names, where.child('requests')), ...configurationErrors(opaque, where)];
    }),
  ];
}

export function limited(items: readonly unknown[], limit: number, at: FieldPath): FieldError[] {
  return items.length > limit ? [fieldTooMany(at, items.length, limit)] : [];
}

/** Names that stand in a list twice. */
export function duplicates(names: readonly string[], at: FieldPath): FieldError[] {
  return [...repeats(names)].map((index) => fieldDuplicate(at.index(index), names[index]));
}

/** `request`, and `request/alternative` for those that have some. */
function requestNames(requests: readonly DeviceRequest[]): ReadonlySet<string> {
  return new Set(requests.flatMap(({ name, firstAvailable = [] }) => [name, ...firstAvailable.map((one) => `${name}/${one.name}`)]));
}

function requestErrors({ name, exactly, firstAvailable = [] }: DeviceRequest, at: FieldPath): FieldError[] {
  const errors = invalidBy(isDNS1123Label(name ?? ''), at.child('name'), name ?? '');
  const detail = 'exactly one of `exactly` or `firstAvailable` is required';
  if (!exactly && firstAvailable.length === 0) return [...errors, fieldRequired(at, detail)];
  if (exactly && firstAvailable.length > 0) return [...errors, fieldInvalid(at, null, `${detail}, but multiple fields are set`)];
  if (exactly) return [...errors, ...wantedErrors(exactly, at.child('exactly'))];
  const where = at.child('firstAvailable');
  return [
    ...errors,
    ...limited(firstAvailable, mostAlternatives, where),
    ...firstAvailable.flatMap((one, index) => [
      ...invalidBy(isDNS1123Label(one.name ?? ''), where.index(index).child('name'), one.name ?? ''),
      ...wantedErrors(one, where.index(index)),
    ]),
    ...duplicates(
      firstAvailable.map((one) => one.name),
      where,
    ),
  ];
}

function wantedErrors(wanted: ExactDeviceRequest | DeviceSubRequest, at: FieldPath): FieldError[] {
  const { allocationMode: mode = '', count = 0, tolerations = [] } = wanted;
  const errors = [
    ...requiredName(wanted.deviceClassName, isDNS1123Subdomain, at.child('deviceClassName')),
    ...selectorErrors(wanted.selectors ?? [], at.child('selectors')),
    ...oneOf(mode, ['All', 'ExactCount'], at.child('allocationMode')),
  ];
  if (mode === 'All' && count !== 0)
    errors.push(fieldInvalid(at.child('count'), count, "must not be specified when allocationMode is 'All'"));
  if (mode === 'ExactCount' && count <= 0) errors.push(fieldInvalid(at.child('count'), count, 'must be greater than zero'));
  return [...errors, ...tolerations.flatMap((one, index) => tolerationErrors(one, at.child('tolerations').index(index)))];
}

function tolerationErrors({ key, operator, value, effect }: DeviceToleration, at: FieldPath): FieldError[] {
  const errors = optionalName(key, isQualifiedName, at.child('key'));
  if (!key && operator !== 'Exists') errors.push(fieldRequired(at.child('key'), 'key is required when operator is not Exists'));
  errors.push(...oneOf(operator, ['Equal', 'Exists'], at.child('operator')));
  if (operator === 'Exists' && value) errors.push(fieldInvalid(at.child('value'), value, 'must be empty for operator `Exists`'));
  return [...errors, ...oneOf(effect || undefined, ['NoExecute', 'NoSchedule', 'None'], at.child('effect'))];
}

export function selectorErrors(selectors: readonly DeviceSelector[], at: FieldPath): FieldError[] {
  return [
    ...limited(selectors, most, at),
    ...selectors.flatMap(({ cel }, index) => {
      const where = at.index(index).child('cel');
      return cel ? expressionErrors(cel.expression, where.child('expression')) : [fieldRequired(where)];
    }),
  ];
}

/** An expression that is too long is not looked at further. */
function expressionErrors(expression: string, at: FieldPath): FieldError[] {
  const tooLong = atMostBytes(expression, longestExpression, at);
  if (tooLong.length > 0) return tooLong;
  try {
    deviceProgram(expression);
    return [];
  } catch (error) {
    const detail = errorMessage(error);
    return [fieldInvalid(at, expression, error instanceof CompileError ? `compilation failed: ${detail}` : detail)];
  }
}

function constraintErrors(constraint: DeviceConstraint, names: ReadonlySet<string>, at: FieldPath): FieldError[] {
  const { requests = [], matchAttribute: match, distinctAttribute: distinct } = constraint;
  const errors = nameReferenceErrors(requests, names, at.child('requests'));
  if (match !== undefined) return [...errors, ...fullyQualifiedErrors(match, at.child('matchAttribute'))];
  if (distinct !== undefined) return [...errors, ...fullyQualifiedErrors(distinct, at.child('distinctAttribute'))];
  const detail = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set';
  return [...errors, fieldRequired(at, detail)];
}

/** `domain/name`, where attributes of anybody may be meant. */
function fullyQualifiedErrors(name: string, at: FieldPath): FieldError[] {
  if (name === '') return [fieldRequired(at)];
  const slash = name.indexOf('/');
  if (slash < 0) return [fieldInvalid(at, name, 'must include a domain')];
  return invalidBy(isDNS1123Subdomain(name.slice(0, slash)), at, name.slice(0, slash));
}

function nameReferenceErrors(names: readonly string[], known: ReadonlySet<string>, at: FieldPath): FieldError[] {
  const detail = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
  return [
    ...limited(names, most, at),
    ...names.flatMap((name, index) => (known.has(name) ? [] : [fieldInvalid(at.index(index), name, detail)])),
    ...duplicates(names, at),
  ];
}

export function configurationErrors(opaque: OpaqueDeviceConfiguration | undefined, at: FieldPath): FieldError[] {
  const where = at.child('opaque');
  if (!opaque) return [fieldRequired(where)];
  const errors = csiDriverNameErrors(opaque.driver, where.child('driver'));
  const { parameters } = opaque;
  if (parameters === undefined) return [...errors, fieldRequired(where.child('parameters'))];
  const isObject = typeof parameters === 'object' && parameters !== null && !Array.isArray(parameters);
  return isObject ? errors : [...errors, fieldInvalid(where.child('parameters'), '<value omitted>', 'must be a valid JSON object')];
}
