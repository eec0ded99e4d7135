import { isObject, type JsonObject } from '../patch/merge.ts';
import { namedItem } from './element.ts';
import { childOf, elementsOf, type FieldSet, isMember } from './fields.ts';
import { typeFor } from './own.ts';
import { type ListType, type MapType, type Member, type MergeType, memberOf } from './type.ts';

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
    const member = memberOf(type, name);
    if (member) result.set(name, mergeConfiguration(live[name], value, member.type));
  }
  return Object.fromEntries(result);
}

/**
 * The configuration's items in their order. Items only the live list has keep their place before the next one that both have, and stand
 * before new ones. What stands several times in the live list gives way to the configuration's one.
 */
function mergeLists(live: readonly unknown[], config: readonly unknown[], type: ListType): unknown[] {
  const liveNames = live.map((item) => namedItem(item, type));
  const places = new Map(liveNames.map((name, i) => [name, i] as const).reverse());
  const lastPlaces = new Map(liveNames.map((name, i) => [name, i]));
  const names = config.map((item) => namedItem(item, type) ?? '');
  const wanted = new Set<string | undefined>(names);
  const stops = nextShared(
    names.map((name) => places.get(name)),
    live.length,
  );
  const result: unknown[] = [];
  let next = 0;
  for (const [i, item] of config.entries()) {
    for (; next < (stops[i] ?? 0); next++) if (!wanted.has(liveNames[next])) result.push(live[next]);
    const at = places.get(names[i]);
    const isOne = at !== undefined && at === lastPlaces.get(names[i]);
    result.push(isOne ? mergeConfiguration(live[at], item, type.items) : item);
  }
  return [...result, ...live.filter((_, i) => i >= next && !wanted.has(liveNames[i]))];
}

/** For each item the live place of the first at or after it that both lists have. */
function nextShared(places: readonly (number | undefined)[], end: number): number[] {
  const stops: number[] = [];
  let stop = end;
  for (let i = places.length - 1; i >= 0; i--) {
    stop = places[i] ?? stop;
    stops[i] = stop;
  }
  return stops;
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
    const member = memberOf(type, name);
    if (!element.startsWith('f:') || !member || !Object.hasOwn(value, name)) continue;
    const kept = keptMember(value[name], member, childOf(last, element) as FieldSet, childOf(owned, element));
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
    const kept =
      before && element !== undefined ? keptMember(item, { type: type.items, declared: false }, before, childOf(owned, element)) : item;
    if (kept !== item) changed = true;
    if (kept !== undefined) result.push(kept);
  }
  if (!changed) return value;
  return result.length > 0 ? result : undefined;
}

/** A declared field is owned by whoever owns something in it; anything else by who owns it. */
function keptMember(
  value: unknown,
  { type, declared }: Pick<Member, 'type' | 'declared'>,
  last: FieldSet,
  owned: FieldSet | undefined,
): unknown {
  const dropped = declared || isMember(last);
  const stays = owned !== undefined && (declared || isMember(owned));
  return dropped && !stays ? undefined : pruneDropped(value, type, last, owned);
}
