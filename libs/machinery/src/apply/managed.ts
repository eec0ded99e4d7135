import type { ManagedFieldsEntry } from '@keelson/types';
import { compareStrings, goJson } from '../go-text.ts';
import { sameJson } from '../patch/same.ts';
import { type Changes, compareFields } from './compare.ts';
import { decodeFields } from './element.ts';
import { difference, type FieldSet, hasPath, isEmptySet, leaf, outside, setOf, union } from './fields.ts';
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
  convert(object: object, from: string, to: string): Promise<object> | object;
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

/** Tells owners apart, and orders them, as upstream's identifiers do. One that applies is the same in every version. */
export function ownerText({ manager, operation, apiVersion, subresource }: FieldOwner): string {
  return goJson({
    ...{ manager, operation },
    ...(operation === 'Apply' ? {} : { apiVersion }),
    ...(subresource ? { subresource } : {}),
  });
}

/** What changed, by version; a version that is not served any more has nothing. */
export type ChangesByVersion = ReadonlyMap<string, Changes>;

/**
 * Compares two objects in the version of the write's owner, which they are in, and in those of all entries. What the write resets does not
 * count.
 */
export async function changesBetween(
  before: object,
  after: object,
  entries: readonly ManagedEntry[],
  { owner, versions, reset }: TrackedWrite,
): Promise<ChangesByVersion> {
  const changes = new Map<string, Changes>();
  for (const version of new Set([owner.apiVersion, ...entries.map(({ apiVersion }) => apiVersion)])) {
    const type = versions.type(version);
    if (!type) continue;
    const same = version === owner.apiVersion;
    const from = same ? before : await versions.convert(before, owner.apiVersion, version);
    const to = same ? after : await versions.convert(after, owner.apiVersion, version);
    const { written, removed } = compareFields(from, to, type);
    changes.set(version, { written: outside(written, reset), removed: outside(removed, reset) });
  }
  return changes;
}

/**
 * Entries after an owner wrote an object by anything but an apply: what it changed is its own from now on and nobody else's, what it
 * removed is nobody's. Both objects are in the owner's version.
 */
export async function trackUpdate(
  entries: readonly ManagedEntry[],
  before: object,
  after: object,
  write: TrackedWrite,
): Promise<ManagedEntry[]> {
  const { owner, now } = write;
  const changes = await changesBetween(before, after, entries, write);
  const key = ownerText(owner);
  const mine = changes.get(owner.apiVersion);
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

/**
 * Entries after an owner wrote one field alone, as a scale does: nobody else's from then on. Upstream loses the time on the way, and keeps no
 * account where the field was nobody's.
 */
export function trackField(entries: readonly ManagedEntry[], path: readonly string[], owner: FieldOwner): ManagedEntry[] {
  if (!entries.some((entry) => hasPath(entry.fields, path))) return [...entries];
  const field = setOf(path);
  const left = entries.map((entry) => ({ ...entry, fields: difference(entry.fields, field) }));
  return [...left.filter(({ fields }) => !isEmptySet(fields)), { ...owner, time: undefined, fields: field }];
}

/** An entry without what others wrote or removed; undefined when nothing is left, or its version is no more. */
export function afterLoss(entry: ManagedEntry, changes: ChangesByVersion): ManagedEntry | undefined {
  const lost = changes.get(entry.apiVersion);
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

/** Whether two lists say the same, but for times and the order they give. */
export function sameOwners(a: readonly ManagedFieldsEntry[] = [], b: readonly ManagedFieldsEntry[] = []): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  return a.every((entry, i) => sameEntry(entry, b[i]) || b.some((other) => sameEntry(entry, other)));
}

function sameEntry({ time: _, ...a }: ManagedFieldsEntry, b: ManagedFieldsEntry | undefined): boolean {
  if (!b) return false;
  const { time: __, ...rest } = b;
  return sameJson(a, rest);
}
