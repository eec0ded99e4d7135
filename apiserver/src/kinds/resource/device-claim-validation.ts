import { errorMessage } from '@keelson/base';
import { CompileError, deviceCost, deviceProgram, perCallLimit } from '@keelson/cel';
import {
  byteLength,
  type FieldError,
  type FieldPath,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  fieldTooLong,
  fieldUnsupported,
  invalidBy,
  isDNS1123Label,
  isDNS1123Subdomain,
} from '@keelson/machinery';
import type {
  DeviceClaim,
  DeviceClaimConfiguration,
  DeviceConstraint,
  DeviceRequest,
  DeviceSelector,
  DeviceSubRequest,
  ExactDeviceRequest,
  OpaqueDeviceConfiguration,
} from '@keelson/types';
import { csiDriverNameErrors } from '../core/csi-driver-name.ts';
import { atMostBytes, requiredName } from '../field-checks.ts';
import { eachOf, eachOfSet } from './lists.ts';
import { fullyQualifiedNameErrors } from './names.ts';
import { tolerationErrors } from './taints.ts';

/** Requests, constraints, configurations and selectors, each, of one claim or class. */
const most = 32;
const mostAlternatives = 8;
const longestExpression = 10 * 1024;
const longestParameters = 10 * 1024;

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
  const constraint = (one: DeviceConstraint, where: FieldPath): FieldError[] => constraintErrors(one, names, where);
  const configuration = ({ requests: named = [], opaque }: DeviceClaimConfiguration, where: FieldPath): FieldError[] => [
    ...nameReferencesErrors(named, names, where.child('requests')),
    ...configurationErrors(opaque, where),
  ];
  return [
    ...eachOfSet(requests, most, at.child('requests'), requestErrors, ({ name }) => name),
    ...eachOf(constraints, most, at.child('constraints'), constraint),
    ...eachOf(config, most, at.child('config'), configuration),
  ];
}

/** `request`, and `request/alternative` for those that have some. */
export function requestNames(requests: readonly DeviceRequest[]): ReadonlySet<string> {
  return new Set(requests.flatMap(({ name, firstAvailable = [] }) => [name, ...firstAvailable.map((one) => `${name}/${one.name}`)]));
}

function requestErrors({ name = '', exactly, firstAvailable = [] }: DeviceRequest, at: FieldPath): FieldError[] {
  const errors = invalidBy(isDNS1123Label(name), at.child('name'), name);
  const detail = 'exactly one of `exactly` or `firstAvailable` is required';
  if (!exactly && firstAvailable.length === 0) return [...errors, fieldRequired(at, detail)];
  if (exactly && firstAvailable.length > 0) return [...errors, fieldInvalid(at, null, `${detail}, but multiple fields are set`)];
  if (exactly) return [...errors, ...wantedErrors(exactly, at.child('exactly'))];
  const alternative = (one: DeviceSubRequest, where: FieldPath): FieldError[] => [
    ...invalidBy(isDNS1123Label(one.name ?? ''), where.child('name'), one.name ?? ''),
    ...wantedErrors(one, where),
  ];
  return [...errors, ...eachOfSet(firstAvailable, mostAlternatives, at.child('firstAvailable'), alternative, (one) => one.name)];
}

function wantedErrors(wanted: ExactDeviceRequest | DeviceSubRequest, at: FieldPath): FieldError[] {
  const { allocationMode: mode = '', count = 0, tolerations = [] } = wanted;
  const errors = [
    ...requiredName(wanted.deviceClassName, isDNS1123Subdomain, at.child('deviceClassName')),
    ...selectorErrors(wanted.selectors ?? [], at.child('selectors')),
  ];
  if (mode !== 'All' && mode !== 'ExactCount') errors.push(fieldUnsupported(at.child('allocationMode'), mode, ['All', 'ExactCount']));
  if (mode === 'All' && count !== 0)
    errors.push(fieldInvalid(at.child('count'), count, "must not be specified when allocationMode is 'All'"));
  if (mode === 'ExactCount' && count <= 0) errors.push(fieldInvalid(at.child('count'), count, 'must be greater than zero'));
  return [...errors, ...tolerations.flatMap((one, index) => tolerationErrors(one, at.child('tolerations').index(index)))];
}

export function selectorErrors(selectors: readonly DeviceSelector[], at: FieldPath): FieldError[] {
  return eachOf(selectors, most, at, ({ cel }, where) =>
    cel ? expressionErrors(cel.expression ?? '', where.child('cel', 'expression')) : [fieldRequired(where.child('cel'))],
  );
}

/** An expression that is too long is not looked at further. */
function expressionErrors(expression: string, at: FieldPath): FieldError[] {
  const tooLong = atMostBytes(expression, longestExpression, at);
  if (tooLong.length > 0) return tooLong;
  try {
    const cost = deviceCost(deviceProgram(expression));
    return cost > perCallLimit ? [fieldForbidden(at, 'too complex, exceeds cost limit')] : [];
  } catch (error) {
    const detail = errorMessage(error);
    return [fieldInvalid(at, expression, error instanceof CompileError ? `compilation failed: ${detail}` : detail)];
  }
}

function constraintErrors(constraint: DeviceConstraint, names: ReadonlySet<string>, at: FieldPath): FieldError[] {
  const { requests = [], matchAttribute: match, distinctAttribute: distinct } = constraint;
  const errors = nameReferencesErrors(requests, names, at.child('requests'));
  if (match !== undefined) return [...errors, ...fullyQualifiedNameErrors(match, at.child('matchAttribute'))];
  if (distinct !== undefined) return [...errors, ...fullyQualifiedNameErrors(distinct, at.child('distinctAttribute'))];
  const detail = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set';
  return [...errors, fieldRequired(at, detail)];
}

/** References to requests, each once. */
export function nameReferencesErrors(references: readonly string[], names: ReadonlySet<string>, at: FieldPath): FieldError[] {
  const check = (reference: string, where: FieldPath): FieldError[] => nameReferenceErrors(reference, names, where);
  return eachOfSet(references, most, at, check, (reference) => reference);
}

/** A reference to one of the requests, or to one of its alternatives. */
export function nameReferenceErrors(reference: string, names: ReadonlySet<string>, at: FieldPath): FieldError[] {
  const detail = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
  const segments = reference.split('/');
  const errors = segments.length > 2 ? [] : segments.flatMap((segment) => invalidBy(isDNS1123Label(segment), at, segment));
  return names.has(reference) ? errors : [...errors, fieldInvalid(at, reference, detail)];
}

export function configurationErrors(opaque: OpaqueDeviceConfiguration | undefined, at: FieldPath): FieldError[] {
  const where = at.child('opaque');
  if (!opaque) return [fieldRequired(where)];
  return [...csiDriverNameErrors(opaque.driver, where.child('driver')), ...parametersErrors(opaque.parameters, where.child('parameters'))];
}

/** What only a driver understands: an object of at most 10 KiB of JSON. */
export function parametersErrors(parameters: unknown, at: FieldPath): FieldError[] {
  if (parameters === undefined || parameters === null) return [fieldRequired(at)];
  if (byteLength(JSON.stringify(parameters)) > longestParameters) return [fieldTooLong(at, longestParameters)];
  const isObject = typeof parameters === 'object' && !Array.isArray(parameters);
  return isObject ? [] : [fieldInvalid(at, '<value omitted>', 'must be a valid JSON object')];
}
