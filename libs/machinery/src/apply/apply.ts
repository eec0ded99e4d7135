import { sameJson } from '../patch/same.ts';
import { type Conflict, conflictError } from './conflict.ts';
import { difference, type FieldSet, intersection, isEmptySet, leaf, outside, union } from './fields.ts';
import { fieldsOfLastApplied, withLastApplied } from './last-applied.ts';
import {
  afterLoss,
  type ChangesByVersion,
  changesBetween,
  type ManagedEntry,
  ownable,
  ownerText,
  type TrackedWrite,
  trackUpdate,
} from './managed.ts';
import { mergeConfiguration, pruneDropped } from './merge.ts';
import { everythingIn, fieldsOf } from './own.ts';
import { type MergeType, open } from './type.ts';

/** What is applied to an object, all in the applier's version. The configuration has its type's shape. */
export interface Application extends TrackedWrite {
  /** As it is; undefined when it has to be made. */
  readonly live: object | undefined;
  readonly entries: readonly ManagedEntry[];
  readonly config: object;
  /** Takes over fields of others instead of meeting conflicts. */
  readonly force: boolean;
}

export interface Applied {
  readonly object: object;
  readonly entries: ManagedEntry[];
}

/** Owner of what an object had before anybody's fields were tracked. */
const beforeFirst = 'before-first-apply';
/** The manager whose applies take over from client-side apply. */
const kubectl = 'kubectl';

/**
 * Applies a configuration: its fields are set and owned by the applier, fields it owned before and does not name any more are removed
 * unless somebody else owns them, all others stay.
 * @throws StatusError Conflict when it sets others' fields to other values without force.
 */
export async function applyConfiguration(application: Application): Promise<Applied> {
  const asked = await withEntries(application);
  const plan = await planApply(asked);
  const isKubectl = asked.owner.manager === kubectl;
  const conflicts = asked.force ? [] : isKubectl ? beyondClientSide(plan.conflicts, asked) : plan.conflicts;
  if (conflicts.length > 0) throw conflictError(conflicts);
  const { object, entries } = finish(asked, plan);
  return { object: isKubectl ? withLastApplied(object, asked.config) : object, entries };
}

/** An object nobody's fields were tracked of was written by somebody all the same. */
async function withEntries(application: Application): Promise<Application> {
  const { live, entries, owner } = application;
  if (!live || entries.length > 0) return application;
  const before = { ...application, owner: { ...owner, manager: beforeFirst, operation: 'Update' as const } };
  return { ...application, entries: await trackUpdate([], {}, live, before) };
}

interface ApplyPlan {
  readonly object: object;
  readonly fields: FieldSet;
  readonly changes: ChangesByVersion;
  readonly conflicts: readonly Conflict[];
}

async function planApply(application: Application): Promise<ApplyPlan> {
  const { live = {}, config, entries, owner } = application;
  const type = typeOf(application);
  const spoken = outside(fieldsOf(config, type), application.reset);
  const fields = ownable(spoken, application);
  const merged = mergeConfiguration(live, config, type) as object;
  const object = await prune(application, merged, spoken);
  const changes = await changesBetween(live, object, entries, application);
  const conflicts: Conflict[] = [];
  for (const entry of entries) {
    if (ownerText(entry) === ownerText(owner)) continue;
    const taken = intersection(entry.fields, changes.get(entry.apiVersion)?.written ?? leaf);
    if (!isEmptySet(taken)) conflicts.push({ owner: entry, fields: taken });
  }
  return { object, fields, changes, conflicts };
}

function typeOf({ versions, owner }: Application): MergeType {
  return versions.type(owner.apiVersion) ?? open;
}

/**
 * Takes out what the applier owned and names no more. First in the version it spoke then; what others own in other versions is put back
 * by looking at the removal in each of those, and at last what nobody owned but the applier neither.
 */
async function prune({ entries, owner, versions }: Application, merged: object, fields: FieldSet): Promise<object> {
  const key = ownerText(owner);
  const last = entries.find((entry) => ownerText(entry) === key);
  if (!last || isEmptySet(last.fields)) return merged;
  const owned = new Map<string, FieldSet>([[owner.apiVersion, fields]]);
  for (const entry of entries) {
    if (entry !== last) owned.set(entry.apiVersion, union(owned.get(entry.apiVersion) ?? leaf, entry.fields));
  }
  const convert = (object: object, from: string, to: string): Promise<object> | object =>
    from === to ? object : versions.convert(object, from, to);
  const without = async (version: string, type: MergeType, dropped: FieldSet, kept: FieldSet | undefined): Promise<object> => {
    const whole = await convert(merged, owner.apiVersion, version);
    return convert((pruneDropped(whole, type, dropped, kept) ?? {}) as object, version, owner.apiVersion);
  };
  const lastType = versions.type(last.apiVersion);
  if (!lastType) return merged;
  let pruned = await without(last.apiVersion, lastType, last.fields, owned.get(last.apiVersion));
  const others = [...owned.keys()].filter((version) => version !== last.apiVersion);
  for (const version of others) {
    const type = versions.type(version);
    if (!type) continue;
    const [before, after] = [await convert(merged, owner.apiVersion, version), await convert(pruned, owner.apiVersion, version)];
    const left = union(everythingIn(after, type), owned.get(version) ?? leaf);
    pruned = await without(version, type, everythingIn(before, type), left);
  }
  if (others.length === 0) return pruned;
  const left = everythingIn(await convert(pruned, owner.apiVersion, last.apiVersion), lastType);
  return without(last.apiVersion, lastType, last.fields, left);
}

/** Conflicts that client-side apply is not to blame for. */
function beyondClientSide(conflicts: readonly Conflict[], application: Application): Conflict[] {
  if (conflicts.length === 0 || !application.live) return [...conflicts];
  const allowed = fieldsOfLastApplied(application.live, typeOf(application));
  const left = conflicts.map(({ owner, fields }) => ({ owner, fields: difference(fields, allowed) }));
  return left.filter(({ fields }) => !isEmptySet(fields));
}

function finish({ live, entries, owner, now }: Application, { object, fields, changes }: ApplyPlan): Applied {
  const key = ownerText(owner);
  const others: ManagedEntry[] = [];
  let last: ManagedEntry | undefined;
  for (const entry of entries) {
    if (ownerText(entry) === key) {
      last = entry;
      continue;
    }
    const left = afterLoss(entry, changes);
    if (left) others.push(left);
  }
  const mine = { ...owner, fields, time: sameJson(live, object) ? last?.time : now };
  return { object, entries: isEmptySet(fields) ? others : [...others, mine] };
}
