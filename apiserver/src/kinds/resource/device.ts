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
const mostAttributeValues = 48;
const longestValue = 64;
const mostTaints = 16;
const mostCounterSets = 2;
const mostCounters = 32;
const longestKey = 63 + 1 + 32;

const number = '(0|[1-9]\\d*)';
const prerelease = '(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)';
const build = '[0-9a-zA-Z-]+';
const semver = new RegExp(`^${number}\\.${number}\\.${number}(-${prerelease}(\\.${prerelease})*)?(\\+${build}(\\.${build})*)?$`);

/** What a slice tells of one device. `isPlacedAlone`: it says itself which nodes reach it. */
export function deviceErrors(device: Device, isPlacedAlone: boolean, at: FieldPath): FieldError[] {
  const { name = '', attributes = {}, capacity = {}, taints = [], consumesCounters = [] } = device;
  const isShared = device.allowMultipleAllocations ?? false;
  const errors = [...invalidBy(isDNS1123Label(name), at.child('name'), name), ...countErrors(device, at)];
  const [attributesAt, capacityAt] = [at.child('attributes'), at.child('capacity')];
  for (const [key, attribute] of Object.entries(attributes))
    errors.push(...qualifiedNameErrors(key, attributesAt), ...attributeErrors(attribute, attributesAt.key(shortened(key))));
  for (const [key, one] of Object.entries(capacity))
    errors.push(...qualifiedNameErrors(key, capacityAt), ...capacityErrors(one, isShared, capacityAt.key(shortened(key))));
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
  return names.flatMap((name) => invalidBy(isDNS1123Label(name), at, name));
}

/** Attributes and capacities are counted together, values of attributes by themselves. */
function countErrors({ attributes = {}, capacity = {} }: Device, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const limit = (what: string, count: number, most: number): void => {
    if (count > most) errors.push(fieldInvalid(at, count, `the total number of ${what} must not exceed ${most}`));
  };
  const lengths = Object.values(attributes).map((attribute) => lists(attribute).reduce((sum, [, list]) => sum + list.length, 0) || 1);
  limit('attributes and capacities', Object.keys(attributes).length + Object.keys(capacity).length, mostQualities);
  limit(
    'attribute values',
    lengths.reduce((sum, length) => sum + length, 0),
    mostAttributeValues,
  );
  return errors;
}

function lists({ bools, ints, strings, versions }: DeviceAttribute): readonly [string, readonly unknown[]][] {
  const all = Object.entries({ bools, ints, strings, versions });
  return all.filter((entry): entry is [string, boolean[] | number[] | string[]] => entry[1] !== undefined);
}

/** An attribute is of exactly one type. */
function attributeErrors(attribute: DeviceAttribute, at: FieldPath): FieldError[] {
  const { string, version, strings = [], versions = [] } = attribute;
  const errors = [
    ...atMostBytes(string, longestValue, at.child('string')),
    ...(version === undefined ? [] : versionErrors(version, at.child('version'))),
    ...lists(attribute).flatMap(([member, list]) =>
      list.length === 0 ? [fieldInvalid(at.child(member), list, 'must not be empty if specified')] : [],
    ),
    ...strings.flatMap((value, index) => atMostBytes(value, longestValue, at.child('strings').index(index))),
    ...versions.flatMap((value, index) => versionErrors(value, at.child('versions').index(index))),
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
function shortened(key: string): string {
  if (byteLength(key) <= longestKey) return key;
  const rest = longestKey - 3;
  return `${key.slice(0, Math.ceil(rest / 2))}...${key.slice(key.length - Math.floor(rest / 2))}`;
}
