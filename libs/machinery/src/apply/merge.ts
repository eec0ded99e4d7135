import { isObject, type JsonObject } from '../patch/merge.ts';
import { namedItem } from './element.ts';
import { childOf, elementsOf, type FieldSet, isMember } from './fields.ts';
import { typeFor } from './own.ts';
import { type ListType, type MapType, type MergeType, memberType } from './type.ts';

/** Lays a configuration over a live value: what it speaks of is set, all else stays. Neither argument changes. */
export function mergeConfiguration(live: unknown, config: unknown, declared: MergeType): unknown {
  if (config === undefined) return live;
  const type = typeFor(config ?? live, declared);
  const merges = type.is === 'map' ? !type.atomic : type.is === 'list' && type.how !== 'atomic';
  if (live === undefined || live === null || !merges) return config;
  if (config === null) return live;
  if (type.is === 'map' && isObject(live) && isObject(config)) return mergeMaps(live, config, type);
  if (type.is === 'list' && Array.isArray(live) && Array.isArray(config)) return mergeLists(live, config, type);
  return config;
}

function mergeMaps(live: JsonObject, config: JsonObject, type: MapType): JsonObject {
  const result = new Map(Object.entries(live));
  for (const [name, value] of Object.entries(config)) {
    const below = memberType(type, name);
    if (below) result.set(name, mergeConfiguration(live[name], value, below));
  }
  return Object.fromEntries(result);
}

/**
 * The configuration's items in their order. Items only the live list has keep their place before the next one that both have, and stand
 * before new ones.
 */
function mergeLists(live: readonly unknown[], config: readonly unknown[], type: ListType): unknown[] {
  const liveNames = live.map((item) => namedItem(item, type));
  const wanted = new Set(config.map((item) => namedItem(item, type)));
  const result: unknown[] = [];
  let next = 0;
  for (const [i, item] of config.entries()) {
    const name = namedItem(item, type);
    const shared = config.slice(i).find((later) => liveNames.includes(namedItem(later, type)));
    const stop = shared === undefined ? live.length : liveNames.indexOf(namedItem(shared, type));
    for (; next < stop; next++) if (!wanted.has(liveNames[next])) result.push(live[next]);
    const at = name === undefined ? -1 : liveNames.indexOf(name);
    result.push(at < 0 ? item : mergeConfiguration(live[at], item, type.items));
  }
  return [...result, ...live.slice(next).filter((_, i) => !wanted.has(liveNames[next + i]))];
}

/**
 * Takes out of a value what its applier spoke of before and nobody owns now. An item or field goes with all that is in it; what is left
 * empty goes too.
 * @param last what was applied before.
 * @param owned what anybody owns now, the new configuration included.
 */
export function pruneDropped(value: unknown, declared: MergeType, last: FieldSet, owned: FieldSet | undefined): unknown {
  const type = typeFor(value, declared);
  if (type.is === 'map' && isObject(value)) return pruneMap(value, type, last, owned);
  if (type.is === 'list' && type.how !== 'atomic' && Array.isArray(value)) return pruneList(value, type, last, owned);
  return value;
}

function pruneMap(value: JsonObject, type: MapType, last: FieldSet, owned: FieldSet | undefined): unknown {
  let result: Map<string, unknown> | undefined;
  for (const element of elementsOf(last)) {
    const name = element.slice(2);
    const below = memberType(type, name);
    if (!element.startsWith('f:') || !below || !Object.hasOwn(value, name)) continue;
    const kept = keptMember(value[name], below, childOf(last, element) as FieldSet, childOf(owned, element), type.fields.has(name));
    if (kept === value[name]) continue;
    result ??= new Map(Object.entries(value));
    if (kept === undefined) result.delete(name);
    else result.set(name, kept);
  }
  if (!result) return value;
  return result.size > 0 ? Object.fromEntries(result) : undefined;
}

function pruneList(value: readonly unknown[], type: ListType, last: FieldSet, owned: FieldSet | undefined): unknown {
  let changed = false;
  const result: unknown[] = [];
  for (const item of value) {
    const element = namedItem(item, type);
    const before = element === undefined ? undefined : childOf(last, element);
    const kept = before && element !== undefined ? keptMember(item, type.items, before, childOf(owned, element), false) : item;
    if (kept !== item) changed = true;
    if (kept !== undefined) result.push(kept);
  }
  if (!changed) return value;
  return result.length > 0 ? result : undefined;
}

/** @param declared whether it is a field of a struct: such a field is owned by whoever owns something in it. */
function keptMember(
  value: unknown,
  type: MergeType,
  last: FieldSet,
  owned: FieldSet | undefined,
  declared: boolean,
): unknown {
  const dropped = declared || isMember(last);
  const stays = owned !== undefined && (declared || isMember(owned));
  return dropped && !stays ? undefined : pruneDropped(value, type, last, owned);
}
