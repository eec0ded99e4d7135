import { isObject, type JsonObject } from '../patch/json-object.ts';
import { namedItem } from './element.ts';
import { type FieldSet, leaf, nodeOf } from './fields.ts';
import { type ListType, type MapType, type MergeType, memberOf, open, openAtomic } from './type.ts';

/** The fields an applied configuration speaks of: an empty list of items of their own says nothing. */
export function fieldsOf(value: unknown, type: MergeType): FieldSet {
  return nodesOf(value, type, false) ?? leaf;
}

/** All fields of a value that was not there before, or is not any more: maps and lists count besides what they hold. */
export function everythingIn(value: unknown, type: MergeType): FieldSet {
  return nodesOf(value, type, true) ?? leaf;
}

/** How a value of an open type merges. */
export function typeFor(value: unknown, type: MergeType): MergeType {
  if (type.is !== 'open') return type;
  if (isObject(value)) return type.atomic ? openAtomicMap : openMap;
  return Array.isArray(value) ? openList : type;
}

const openMap: MapType = { is: 'map', atomic: false, fields: new Map(), rest: open };
const openAtomicMap: MapType = { ...openMap, atomic: true };
const openList: ListType = { is: 'list', how: 'atomic', items: openAtomic, keys: [], keyDefaults: {} };

function nodesOf(value: unknown, declared: MergeType, containers: boolean): FieldSet | undefined {
  const type = typeFor(value, declared);
  if (type.is === 'map' && !type.atomic && isObject(value))
    return nodeOf(containers || hasNothing(value), membersOf(value, type, containers));
  if (type.is === 'list' && type.how !== 'atomic' && Array.isArray(value)) return nodeOf(containers, itemsOf(value, type, containers));
  return leaf;
}

function membersOf(value: JsonObject, type: MapType, containers: boolean): FieldSet {
  const members: Record<string, FieldSet> = {};
  for (const name in value) {
    const content = value[name];
    const member = memberOf(type, name);
    if (content === undefined || member === undefined) continue;
    const node = nodesOf(content, member.type, containers);
    const owned = member.declared ? node : nodeOf(true, node ?? leaf);
    if (owned) members[member.element] = owned;
  }
  return members;
}

/** Items of which several have one name are owned together, and nothing in them. */
function itemsOf(value: readonly unknown[], type: ListType, containers: boolean): FieldSet {
  const items: Record<string, FieldSet> = {};
  for (const item of value) {
    const element = namedItem(item, type);
    if (element === undefined) continue;
    const node = Object.hasOwn(items, element) ? leaf : (nodesOf(item, type.items, containers) ?? leaf);
    items[element] = nodeOf(true, node) as FieldSet;
  }
  return items;
}

function hasNothing(value: JsonObject): boolean {
  for (const name in value) if (value[name] !== undefined) return false;
  return true;
}
