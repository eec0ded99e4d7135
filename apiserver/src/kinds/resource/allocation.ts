import {
  type FieldError,
  type FieldPath,
  fieldInvalid,
  fieldTooMany,
  formatIp,
  invalidBy,
  isDNS1123Label,
  parseCidr,
} from '@keelson/machinery';
import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceAllocationConfiguration,
  DeviceClaim,
  DeviceRequestAllocationResult,
  NetworkDeviceData,
} from '@keelson/types';
import { csiDriverNameErrors } from '../core/csi-driver-name.ts';
import { nodeSelectorErrors } from '../core/node-selector.ts';
import { atMostBytes, conditionErrors, requiredOneOf } from '../field-checks.ts';
import {
  configurationErrors,
  nameReferenceErrors,
  nameReferencesErrors,
  parametersErrors,
  requestNames,
} from './device-claim-validation.ts';
import { eachOf, eachOfSet } from './lists.ts';
import { poolNameErrors, uuidErrors } from './names.ts';
import { bindingErrors, tolerationErrors } from './taints.ts';

const mostResults = 32;
const mostConfigurations = 64;
const mostConditions = 8;
const mostAddresses = 16;

/** What a claim was given, as it is said for the first time. */
export function allocationErrors({ devices, nodeSelector }: AllocationResult, claim: DeviceClaim | undefined, at: FieldPath): FieldError[] {
  const names = requestNames(claim?.requests ?? []);
  const result = (one: DeviceRequestAllocationResult, where: FieldPath): FieldError[] => resultErrors(one, names, where);
  const configuration = ({ source, requests, opaque }: DeviceAllocationConfiguration, where: FieldPath): FieldError[] => [
    ...requiredOneOf(source, ['FromClaim', 'FromClass'], where.child('source')),
    ...nameReferencesErrors(requests ?? [], names, where.child('requests')),
    ...configurationErrors(opaque, where),
  ];
  return [
    ...eachOf(devices?.results ?? [], mostResults, at.child('devices', 'results'), result),
    ...eachOf(devices?.config ?? [], mostConfigurations, at.child('devices', 'config'), configuration),
    ...(nodeSelector ? nodeSelectorErrors(nodeSelector, at.child('nodeSelector')) : []),
  ];
}

function resultErrors(result: DeviceRequestAllocationResult, names: ReadonlySet<string>, at: FieldPath): FieldError[] {
  const { request = '', driver, pool, device = '', tolerations = [], shareID } = result;
  return [
    ...nameReferenceErrors(request, names, at.child('request')),
    ...csiDriverNameErrors(driver, at.child('driver')),
    ...poolNameErrors(pool, at.child('pool')),
    ...invalidBy(isDNS1123Label(device), at.child('device'), device),
    ...bindingErrors(result, at),
    ...tolerations.flatMap((one, index) => tolerationErrors(one, at.child('tolerations').index(index))),
    ...(shareID === undefined ? [] : uuidErrors(shareID, at.child('shareID'))),
  ];
}

/** What drivers tell of devices, each once and of those that were given only. */
export function deviceStatusErrors(
  devices: readonly AllocatedDeviceStatus[],
  allocation: AllocationResult | undefined,
  at: FieldPath,
): FieldError[] {
  const given = new Set((allocation?.devices?.results ?? []).map(deviceName));
  return eachOfSet(devices, Number.POSITIVE_INFINITY, at, (one, where) => oneDeviceErrors(one, given, where), deviceName);
}

interface Named {
  readonly driver: string;
  readonly pool: string;
  readonly device: string;
  readonly shareID?: string | undefined;
}

function deviceName({ driver, pool, device, shareID }: Named): string {
  return [driver, pool, device, ...(shareID === undefined ? [] : [shareID])].join('/');
}

function oneDeviceErrors(status: AllocatedDeviceStatus, given: ReadonlySet<string>, at: FieldPath): FieldError[] {
  const { driver, pool, device = '', shareID, conditions = [], data, networkData } = status;
  const isGiven = given.has(deviceName(status));
  const where = at.child('conditions');
  return [
    ...csiDriverNameErrors(driver, at.child('driver')),
    ...poolNameErrors(pool, at.child('pool')),
    ...invalidBy(isDNS1123Label(device), at.child('device'), device),
    ...(shareID === undefined ? [] : uuidErrors(shareID, at.child('shareID'))),
    ...(isGiven ? [] : [fieldInvalid(at, deviceName(status), 'must be an allocated device in the claim')]),
    ...(conditions.length > mostConditions ? [fieldTooMany(where, conditions.length, mostConditions)] : []),
    ...conditionErrors(conditions, where),
    ...(data === undefined ? [] : parametersErrors(data, at.child('data'))),
    ...(networkData ? networkErrors(networkData, at.child('networkData')) : []),
  ];
}

function networkErrors({ interfaceName, hardwareAddress, ips = [] }: NetworkDeviceData, at: FieldPath): FieldError[] {
  return [
    ...atMostBytes(interfaceName, 256, at.child('interfaceName')),
    ...atMostBytes(hardwareAddress, 128, at.child('hardwareAddress')),
    ...eachOfSet(ips, mostAddresses, at.child('ips'), interfaceAddressErrors, (ip) => ip),
  ];
}

/** An address with the length of its network's prefix, in the one way it is written. */
function interfaceAddressErrors(value: string, at: FieldPath): FieldError[] {
  const range = parseCidr(value);
  if (!range) return [fieldInvalid(at, value, 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)')];
  const canonical = `${formatIp(range.address)}/${range.prefix}`;
  return value === canonical ? [] : [fieldInvalid(at, value, `must be in canonical form ("${canonical}")`)];
}
