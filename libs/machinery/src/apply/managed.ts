import type { ManagedFieldsEntry } from '@keelson/types';
import { compareStrings } from '../go-text.ts';
import { type Changes, compareFields } from './compare.ts';
import { decodeFields } from './element.ts';
import { difference, type FieldSet, isEmptySet, leaf, outside, setOf, union } from './fields.ts';
import type { MergeType } from './type.ts';

/** Who writes: one entry of managedFields belongs to each. */
export interface FieldOwner {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  /** The version the writer speaks: that of the fields' names. */
  readonly apiVersion: string;
  /** '' for the object itself. */
  readonly subresource: string;
}

/** Fields and their owner. */
export interface ManagedEntry extends FieldOwner {
  /** RFC 3339; when the owner last changed something. */
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** The versions of a kind, as far as fields have to be known in them. */
export interface FieldVersions {
  /** Undefined for a version that is not served any more. */
  type(apiVersion: string): MergeType | undefined;
  /** The object in another version. May be the object itself. */
  convert(object: object, from: string, to: string): object;
}

/** One write, as its owner sees it. */
export interface TrackedWrite {
  readonly owner: FieldOwner;
  /** Fields the owner cannot have: what the resource or subresource resets. With all that is below them. */
  readonly reset: FieldSet;
  /** RFC 3339. */
  readonly now: string;
  readonly versions: FieldVersions;
}

/** What says which object it is, and what the server writes, is nobody's. */
const identity: FieldSet = setOf(
  ['f:apiVersion'],
  ['f:kind'],
  ['f:metadata'],
  ...['name', 'namespace', 'creationTimestamp', 'selfLink', 'uid', 'clusterName', 'generation', 'managedFields', 'resourceVersion'].map(
    (name) => ['f:metadata', `f:${name}`],
  ),
);

/** Without what the write's owner cannot have. */
export function ownable(fields: FieldSet, { reset }: Pick<TrackedWrite, 'reset'>): FieldSet {
  return outside(difference(fields, identity), reset);
}

/** Entries as they stand in metadata. @throws Error for what upstream does not take for managed fields. */
export function readManaged(list: readonly ManagedFieldsEntry[]): ManagedEntry[] {
  const byOwner = new Map<string, ManagedEntry>();
  for (const [i, entry] of list.entries()) {
    const { manager = '', operation, apiVersion = '', subresource = '', fieldsType = '', time } = entry;
    if (operation !== 'Apply' && operation !== 'Update') throw new Error('operation must be `Apply` or `Update`');
    if (apiVersion === '') throw new Error('apiVersion must not be empty');
    if (fieldsType === '') throw new Error(`missing fieldsType in managed fields entry ${i}`);
    if (fieldsType !== 'FieldsV1') throw new Error(`invalid fieldsType "${fieldsType}" in managed fields entry ${i}`);
    const read = { manager, operation, apiVersion, subresource, time, fields: decodeFields(entry.fieldsV1 ?? {}) } as const;
    byOwner.set(ownerText(read), read);
  }
  return [...byOwner.values()];
}

/** As `readManaged`, of what this server wrote itself. */
export function trustManaged(list: readonly ManagedFieldsEntry[] = []): ManagedEntry[] {
  return list.map(({ manager = '', operation, apiVersion = '', subresource = '', time, fieldsV1 }) => ({
    ...{ manager, operation: operation === 'Apply' ? 'Apply' : 'Update', apiVersion, subresource, time },
    fields: (fieldsV1 ?? leaf) as FieldSet,
  }));
}

/** The entries as metadata has them: appliers first, then by time, to the second. Undefined for none. */
export function writeManaged(entries: readonly ManagedEntry[]): ManagedFieldsEntry[] | undefined {
  if (entries.length === 0) return undefined;
  return entries.toSorted(byAge).map(({ manager, operation, apiVersion, time, fields, subresource }) => ({
    ...{ manager, operation, apiVersion },
    ...(time === undefined ? {} : { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: fields as Record<string, unknown>,
    ...(subresource ? { subresource } : {}),
  }));
}

function byAge(a: ManagedEntry, b: ManagedEntry): number {
  return (
    compareStrings(a.operation, b.operation) ||
    seconds(a.time) - seconds(b.time) ||
    compareStrings(a.manager, b.manager) ||
    compareStrings(a.apiVersion, b.apiVersion) ||
    compareStrings(a.subresource, b.subresource)
  );
}

function seconds(time: string | undefined): number {
  return time === undefined ? 0 : Math.floor(Date.parse(time) / 1000);
}

/** Tells owners apart. One that applies is the same in every version. */
export function ownerText({ manager, operation, apiVersion, subresource }: FieldOwner): string {
  return JSON.stringify([manager, operation, operation === 'Apply' ? '' : apiVersion, subresource]);
}

/** What changed, in any version that is asked for; undefined for one that is not served. */
export type ChangesIn = (apiVersion: string) => Changes | undefined;

/** Compares once per version. Both objects are in the owner's. What the write resets does not count. */
export function changesBetween(before: object, after: object, { owner, versions, reset }: TrackedWrite): ChangesIn {
  const known = new Map<string, Changes | undefined>();
  const into = (object: object, to: string): object =>
    to === owner.apiVersion ? object : versions.convert(object, owner.apiVersion, to);
  const compare = (apiVersion: string): Changes | undefined => {
    const type = versions.type(apiVersion);
    if (!type) return undefined;
    const { written, removed } = compareFields(into(before, apiVersion), into(after, apiVersion), type);
    return { written: outside(written, reset), removed: outside(removed, reset) };
  };
  return (apiVersion) => {
    if (!known.has(apiVersion)) known.set(apiVersion, compare(apiVersion));
    return known.get(apiVersion);
  };
}

/**
 * Entries after an owner wrote an object by anything but an apply: what it changed is its own from now on and nobody else's, what it
 * removed is nobody's. Both objects are in the owner's version.
 */
export function trackUpdate(entries: readonly ManagedEntry[], before: object, after: object, write: TrackedWrite): ManagedEntry[] {
  const { owner, now } = write;
  const changes = changesBetween(before, after, write);
  const key = ownerText(owner);
  const mine = changes(owner.apiVersion);
  const taken = mine ? ownable(mine.written, write) : leaf;
  const result: ManagedEntry[] = [];
  let found = false;
  for (const entry of entries) {
    const left = afterLoss(entry, changes);
    const own = ownerText(entry) === key;
    found ||= own;
    if (own && !isEmptySet(taken)) result.push({ ...entry, time: now, fields: left ? union(left.fields, taken) : taken });
    else if (left) result.push(left);
  }
  if (!found && !isEmptySet(taken)) result.push({ ...owner, time: now, fields: taken });
  return capUpdates(result);
}

/** An entry without what others wrote or removed; undefined when nothing is left, or its version is no more. */
export function afterLoss(entry: ManagedEntry, changes: ChangesIn): ManagedEntry | undefined {
  const lost = changes(entry.apiVersion);
  if (!lost) return undefined;
  const fields = difference(difference(entry.fields, lost.written), lost.removed);
  if (isEmptySet(fields)) return undefined;
  return fields === entry.fields ? entry : { ...entry, fields };
}

/** Entries of updates an object keeps; the oldest are put together, as upstream. */
const updateLimit = 10;
const ancient = 'ancient-changes';

/** The oldest updates beyond the limit become one entry per version. */
export function capUpdates(entries: readonly ManagedEntry[]): ManagedEntry[] {
  const updates = entries.filter(({ operation }) => operation === 'Update').sort(byAge);
  let surplus = updates.length - updateLimit;
  if (surplus <= 0) return [...entries];
  const merged = new Map<string, ManagedEntry>();
  const first = new Map<string, ManagedEntry>();
  const gone = new Set<ManagedEntry>();
  for (const entry of updates) {
    if (surplus <= 0) break;
    const { apiVersion } = entry;
    const before = merged.get(apiVersion) ?? first.get(apiVersion);
    if (!before) {
      first.set(apiVersion, entry);
      continue;
    }
    gone.add(before).add(entry);
    const { time } = entry;
    const fields = union(before.fields, entry.fields);
    merged.set(apiVersion, { manager: ancient, operation: 'Update', apiVersion, subresource: '', time, fields });
    surplus--;
  }
  return [...entries.filter((entry) => !gone.has(entry)), ...merged.values()];
}

/** Whether two lists say the same, but for times. */
export function sameOwners(a: readonly ManagedFieldsEntry[] = [], b: readonly ManagedFieldsEntry[] = []): boolean {
  const text = ({ time: _, ...entry }: ManagedFieldsEntry): string => JSON.stringify(entry);
  return a === b || (a.length === b.length && a.map(text).sort().join('\n') === b.map(text).sort().join('\n'));
}
