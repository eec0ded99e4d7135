import {
  byteLength,
  type FieldError,
  type FieldPath,
  fieldInvalid,
  fieldRequired,
  fieldTooMany,
  invalidBy,
  isDNS1123Label,
  isDNS1123Subdomain,
} from '@keelson/machinery';
import type { CounterSet, Device, DeviceAttribute, DeviceCounterConsumption } from '@keelson/types';
import { nodeSelectorErrors } from '../core/node-selector.ts';
import { atMostBytes, requiredName } from '../field-checks.ts';
import { capacityErrors } from './capacity-policy.ts';
import { eachOf, eachOfSet } from './lists.ts';
import { qualifiedNameErrors } from './names.ts';
import { bindingErrors, taintErrors } from './taints.ts';

const mostQualities = 32;
const longestValue = 64;
const mostTaints = 16;
const mostCounterSets = 2;
const mostCounters = 32;
const longestLabel = 63;
const longestQualifiedName = 63 + 1 + 32;

const number = '(0|[1-9]\\d*)';
const prerelease = '(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)';
const build = '[0-9a-zA-Z-]+';
const semver = new RegExp(`^${number}\\.${number}\\.${number}(-${prerelease}(\\.${prerelease})*)?(\\+${build}(\\.${build})*)?$`);

/** What a slice tells of one device. `isPlacedAlone`: it says itself which nodes reach it. */
export function deviceErrors(device: Device, isPlacedAlone: boolean, at: FieldPath): FieldError[] {
  const { name = '', attributes = {}, capacity = {}, taints = [], consumesCounters = [] } = device;
  const isShared = device.allowMultipleAllocations ?? false;
  const errors = invalidBy(isDNS1123Label(name), at.child('name'), name);
  const qualities = Object.keys(attributes).length + Object.keys(capacity).length;
  if (qualities > mostQualities)
    errors.push(fieldInvalid(at, qualities, `the total number of attributes and capacities must not exceed ${mostQualities}`));
  const [attributesAt, capacityAt] = [at.child('attributes'), at.child('capacity')];
  for (const [key, attribute] of Object.entries(attributes)) {
    const where = attributesAt.key(shortened(key, longestQualifiedName));
    errors.push(...qualifiedNameErrors(key, where), ...attributeErrors(attribute, where));
  }
  for (const [key, one] of Object.entries(capacity)) {
    const where = capacityAt.key(shortened(key, longestQualifiedName));
    errors.push(...qualifiedNameErrors(key, where), ...capacityErrors(one, isShared, where));
  }
  const setOf = ({ counterSet }: DeviceCounterConsumption): string => counterSet;
  return [
    ...errors,
    ...eachOf(taints, mostTaints, at.child('taints'), taintErrors),
    ...eachOfSet(consumesCounters, mostCounterSets, at.child('consumesCounters'), consumptionErrors, setOf),
    ...placeErrors(device, isPlacedAlone, at),
    ...bindingErrors(device, at),
  ];
}

/** Counters that devices of a pool share. */
export function counterSetErrors({ name, counters }: CounterSet, at: FieldPath): FieldError[] {
  return [...requiredName(name, isDNS1123Label, at.child('name')), ...countersErrors(counters, at.child('counters'))];
}

function consumptionErrors({ counterSet, counters }: DeviceCounterConsumption, at: FieldPath): FieldError[] {
  return [...requiredName(counterSet, isDNS1123Label, at.child('counterSet')), ...countersErrors(counters, at.child('counters'))];
}

function countersErrors(counters: object | undefined, at: FieldPath): FieldError[] {
  const names = Object.keys(counters ?? {});
  if (names.length === 0) return [fieldRequired(at)];
  if (names.length > mostCounters) return [fieldTooMany(at, names.length, mostCounters)];
  return names.flatMap((name) => invalidBy(isDNS1123Label(name), at.key(shortened(name, longestLabel)), name));
}

/** An attribute is of exactly one type. */
function attributeErrors(attribute: DeviceAttribute, at: FieldPath): FieldError[] {
  const { string, version } = attribute;
  const errors = [
    ...atMostBytes(string, longestValue, at.child('string')),
    ...(version === undefined ? [] : versionErrors(version, at.child('version'))),
  ];
  const values = Object.values(attribute).filter((value) => value !== undefined);
  if (values.length === 1) return errors;
  return [...errors, fieldInvalid(at, values.length === 0 ? '' : attribute, 'exactly one value must be specified')];
}

function versionErrors(value: string, at: FieldPath): FieldError[] {
  const errors = semver.test(value) ? [] : [fieldInvalid(at, value, 'must be a string compatible with semver.org spec 2.0.0')];
  return [...errors, ...atMostBytes(value, longestValue, at)];
}

/** Where the slice leaves it to its devices to say which nodes reach them, each has exactly one member for it; elsewhere none. */
function placeErrors({ nodeName, nodeSelector, allNodes }: Device, isPlacedAlone: boolean, at: FieldPath): FieldError[] {
  const given = Object.entries({ nodeName, nodeSelector, allNodes }).filter(([, value]) => value !== undefined);
  const setting = '`perDeviceNodeSelection` is set to true in the ResourceSlice spec';
  if (!isPlacedAlone) {
    if (given.length === 0) return [];
    return [fieldInvalid(at, null, `\`nodeName\`, \`nodeSelector\` and \`allNodes\` can only be set if ${setting}`)];
  }
  const errors: FieldError[] = [];
  if (nodeName === '') errors.push(fieldInvalid(at.child('nodeName'), nodeName, 'must not be empty'));
  else if (nodeName !== undefined) errors.push(...invalidBy(isDNS1123Subdomain(nodeName), at.child('nodeName'), nodeName));
  if (nodeSelector) errors.push(...nodeSelectorErrors(nodeSelector, at.child('nodeSelector')));
  if (allNodes === false) errors.push(fieldInvalid(at.child('allNodes'), false, 'must be either unset or set to true'));
  const set = given.filter(([, value]) => value).map(([member]) => `\`${member}\``);
  const detail = `exactly one of \`nodeName\`, \`nodeSelector\`, or \`allNodes\` is required when ${setting}`;
  if (set.length === 0) errors.push(fieldRequired(at, detail));
  if (set.length > 1) errors.push(fieldInvalid(at, `{${set.join(', ')}}`, detail));
  return errors;
}

/** A key as it stands in paths: of one that is far too long, its ends. */
function shortened(key: string, longest: number): string {
  if (byteLength(key) <= longest) return key;
  const rest = longest - 3;
  return `${key.slice(0, Math.ceil(rest / 2))}...${key.slice(key.length - Math.floor(rest / 2))}`;
}
