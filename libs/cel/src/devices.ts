import { parseQuantity } from '@keelson/machinery';
import type { DeviceAttribute, DeviceCapacity } from '@keelson/types';
import type { Scope } from './check.ts';
import { EvaluationError } from './errors.ts';
import { partOf, sizesOf } from './estimate-sizes.ts';
import { library } from './library/index.ts';
import { Amount } from './library/quantities.ts';
import { readSemver } from './library/versions.ts';
import { Program } from './program.ts';
import { bool, type CelType, map, object } from './types.ts';

/** What a selector of devices looks at. Names without a domain are of the driver's. */
export interface DeviceFacts {
  readonly driver: string;
  readonly attributes?: Readonly<Record<string, DeviceAttribute>> | undefined;
  readonly capacity?: Readonly<Record<string, DeviceCapacity>> | undefined;
  readonly allowMultipleAllocations?: boolean | undefined;
}

const mostAttributes = 32;
const quantity: CelType = { kind: 'opaque', name: 'kubernetes.Quantity' };
const domain: CelType = { kind: 'string', max: 63 };
const id: CelType = { kind: 'string', max: 32 };
const attribute: CelType = { kind: 'dyn', max: 64 };
const deviceType = object('kubernetes.DRADevice', {
  driver: { kind: 'string', max: 63 },
  attributes: map(domain, map(id, attribute, mostAttributes), mostAttributes),
  capacity: map(domain, map(id, quantity, mostAttributes), mostAttributes),
  allowMultipleAllocations: bool,
});
const scope: Scope = { functions: library, variables: { device: deviceType }, bind: true };

/** A compiled selector of devices. @throws Error saying why an expression is none */
export function deviceProgram(expression: string): Program {
  const program = new Program(expression, scope);
  if (program.typeText === 'bool' || program.typeText === 'dyn') return program;
  throw new Error(`must evaluate to bool or the unknown type, not ${program.typeText}`);
}

const sizes = sizesOf(
  deviceType,
  (type, name) => partOf(type, name) ?? (type.kind === 'map' && type.value === attribute ? attribute : undefined),
);

/** What a selector may cost at most, for a device that has as much as devices may have. */
export function deviceCost(program: Program): number {
  return program.estimate((path) => (path[0] === 'device' ? sizes(path) : undefined)).max;
}

/** Whether a selector takes a device. @throws Error in upstream's words where that cannot be computed, or costs too much */
export function deviceMatches(program: Program, device: DeviceFacts): boolean {
  const found = program.evaluate({ device: deviceValue(device) });
  if (found.type === 'error') throw explained(found.error);
  if (typeof found.value === 'boolean') return found.value;
  throw new Error(`CEL result of type ${typeof found.value} could not be converted to bool`);
}

function explained(error: Error): Error {
  if (!(error instanceof EvaluationError) || !error.message.startsWith('no such key:')) return error;
  const hint = 'Consider using CEL optional chaining (?), has() macro, or orValue() for optional fields';
  return new Error(`${error.message}. ${hint}`, { cause: error });
}

/** By domain. What is not there is an empty map, so that only the names in it can be missing. */
class ByDomain extends Map<unknown, Record<string, unknown>> {
  override get(domain: unknown): Record<string, unknown> {
    return super.get(domain) ?? {};
  }
}

function deviceValue({ driver, attributes = {}, capacity = {}, allowMultipleAllocations = false }: DeviceFacts): unknown {
  return {
    driver,
    attributes: byDomain(attributes, driver, (one, name) => attributeValue(one, name)),
    capacity: byDomain(capacity, driver, ({ value }) => new Amount(parseQuantity(value))),
    allowMultipleAllocations,
  };
}

function byDomain<T>(named: Readonly<Record<string, T>>, driver: string, read: (one: T, name: string) => unknown): ByDomain {
  const domains = new ByDomain();
  for (const [name, one] of Object.entries(named)) {
    const slash = name.indexOf('/');
    const domain = slash < 0 ? driver : name.slice(0, slash);
    domains.set(domain, { ...domains.get(domain), [name.slice(slash + 1)]: read(one, name) });
  }
  return domains;
}

function attributeValue({ int, bool: flag, string: text, version }: DeviceAttribute, name: string): unknown {
  if (int !== undefined) return BigInt(int);
  if (flag !== undefined) return flag;
  if (text !== undefined) return text;
  const read = version === undefined ? undefined : readSemver(version);
  if (read) return read;
  throw new Error(`attribute ${name}: ${version === undefined ? 'unsupported attribute value' : 'parse semantic version'}`);
}
