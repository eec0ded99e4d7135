import { isObject, type JsonObject } from '../patch/json-object.ts';
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
 * Both lists go on side by side, as upstream has them: the configuration's items keep their order, and those only the live list has stand
 * where they are met before the next item of both. What stands several times in the live list gives way to the configuration's one.
 */
function mergeLists(live: readonly unknown[], config: readonly unknown[], type: ListType): unknown[] {
  const liveNames = live.map((item) => namedItem(item, type));
  const names = config.map((item) => namedItem(item, type) ?? '');
  const wanted = new Set<string | undefined>(names);
  const shared = names.filter((name) => liveNames.includes(name));
  const done = new Set<string | undefined>();
  const result: unknown[] = [];
  const take = (at: number): void => {
    const name = names[at];
    const [first, last] = [liveNames.indexOf(name), liveNames.lastIndexOf(name)];
    result.push(first >= 0 && first === last ? mergeConfiguration(live[first], config[at], type.items) : config[at]);
    done.add(name);
    if (shared[0] === name) shared.shift();
  };
  let l = 0;
  for (let r = 0; l < live.length || r < config.length; ) {
    const name = liveNames[l];
    const isShared = l < live.length && wanted.has(name);
    if (l < live.length && !isShared) result.push(live[l++]);
    else if (isShared && r < config.length && name !== names[r] && shared.length > 0 && name !== shared[0]) l++;
    else {
      if (isShared && (name === names[r] || done.has(name))) l++;
      if (r < config.length) take(r++);
    }
  }
  return result;
}

/**
 * Takes out of a value what its applier spoke of before and nobody owns now. An item or field goes with all that is in it; what stays and
 * has lost all it held is null.
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
  return result.size > 0 ? Object.fromEntries(result) : null;
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
  return result.length > 0 ? result : null;
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
