import { isObject, type JsonObject } from '../patch/json-object.ts';
import { sameJson } from '../patch/same.ts';
import { namedItem } from './element.ts';
import { type FieldSet, leaf, nodeOf } from './fields.ts';
import { everythingIn, typeFor } from './own.ts';
import { type ListType, type MapType, type Member, type MergeType, memberOf } from './type.ts';

/** What differs between two versions of an object. */
export interface Changes {
  /** Fields that are new or have another value. */
  readonly written: FieldSet;
  readonly removed: FieldSet;
}

/** As `Changes`, of one node; a side without changes is absent. */
interface NodeChanges {
  readonly written?: FieldSet | undefined;
  readonly removed?: FieldSet | undefined;
}

/**
 * Compares two versions of an object of one type. What both hold in memory together is not looked at, so that the cost follows the change
 * where the versions share what did not change.
 */
export function compareFields(before: object, after: object, type: MergeType): Changes {
  const { written = leaf, removed = leaf } = nodeChanges(before, after, type) ?? {};
  return { written, removed };
}

function nodeChanges(before: unknown, after: unknown, declared: MergeType): NodeChanges | undefined {
  if (before === after) return undefined;
  const type = typeFor(after, declared);
  if (declared.is === 'open' && typeFor(before, declared) !== type) return replaced(before, after, declared);
  if (type.is === 'map' && !type.atomic && isOne(before, after, isObject)) return mapChanges(asMap(before), asMap(after), type);
  if (type.is === 'list' && type.how !== 'atomic' && isOne(before, after, Array.isArray))
    return listChanges(asList(before), asList(after), type);
  return sameJson(before, after) ? undefined : { written: leaf };
}

/** Whether both are of that kind. Null is as good as an empty one beside one that holds something. */
function isOne(before: unknown, after: unknown, isKind: (value: unknown) => boolean): boolean {
  if (isKind(before) && isKind(after)) return true;
  const [nothing, other] = before === null ? [before, after] : [after, before];
  return nothing === null && isKind(other) && Object.keys(other as object).length > 0;
}

function asMap(value: unknown): JsonObject {
  return (value ?? {}) as JsonObject;
}

function asList(value: unknown): readonly unknown[] {
  return (value ?? []) as readonly unknown[];
}

/** One kind of value took the place of another: what was below the old one is gone. */
function replaced(before: unknown, after: unknown, declared: MergeType): NodeChanges {
  const { '.': _, ...below } = everythingIn(before, declared);
  return { written: everythingIn(after, declared), removed: nodeOf(false, below) };
}

function mapChanges(before: JsonObject, after: JsonObject, type: MapType): NodeChanges | undefined {
  const changes = new Gathered();
  for (const name in after) {
    const value = after[name];
    const old = before[name];
    if (value === old && value !== undefined) continue;
    const member = memberOf(type, name);
    if (member) changes.add(member.element, memberChanges(old, value, member));
  }
  for (const name in before) {
    if (Object.hasOwn(after, name)) continue;
    const member = memberOf(type, name);
    if (member) changes.add(member.element, memberChanges(before[name], undefined, member));
  }
  return changes.result();
}

/** A member that is always there does not come and go: it is empty. */
function memberChanges(before: unknown, after: unknown, { type, always }: Member): NodeChanges | undefined {
  const absent = before === undefined;
  const gone = after === undefined;
  if (absent && gone) return undefined;
  const holds = type.is === 'map' || (type.is === 'list' && type.how !== 'atomic');
  if (always && holds && (absent || gone)) {
    const none = type.is === 'map' ? {} : [];
    return nodeChanges(absent ? none : before, gone ? none : after, type);
  }
  if (absent) return { written: everythingIn(after, type) };
  if (gone) return { removed: everythingIn(before, type) };
  return nodeChanges(before, after, type);
}

function listChanges(before: readonly unknown[], after: readonly unknown[], type: ListType): NodeChanges | undefined {
  const changes = new Gathered();
  const [old, now] = [indexed(before, type), indexed(after, type)];
  for (const element of new Set([...now.keys(), ...old.keys()]))
    changes.add(element, itemChanges(old.get(element) ?? [], now.get(element) ?? [], type.items));
  return changes.result();
}

/** Of the items of one name. Several are one thing without parts: they come, change and go as a whole. */
function itemChanges(before: readonly unknown[], after: readonly unknown[], type: MergeType): NodeChanges | undefined {
  if (before.length === 1 && after.length === 1) return nodeChanges(before[0], after[0], type);
  if (before.length > 1 && after.length > 1) return sameJson(before, after) ? undefined : { written: leaf };
  const all = (values: readonly unknown[]): FieldSet => (values.length > 1 ? leaf : asMember(everythingIn(values[0], type)));
  return {
    ...(after.length > 0 ? { written: all(after) } : {}),
    ...(before.length > 0 ? { removed: all(before) } : {}),
  };
}

function asMember(node: FieldSet): FieldSet {
  return nodeOf(true, node) as FieldSet;
}

/** Items by their elements. Several of one element are taken as a whole; those without a name are nobody's. */
function indexed(list: readonly unknown[], type: ListType): Map<string, unknown[]> {
  const found = new Map<string, unknown[]>();
  for (const item of list) {
    const element = namedItem(item, type);
    if (element === undefined) continue;
    const same = found.get(element);
    if (same) same.push(item);
    else found.set(element, [item]);
  }
  return found;
}

/** Changes of the members of one node. */
class Gathered {
  #written: Record<string, FieldSet> | undefined;
  #removed: Record<string, FieldSet> | undefined;

  add(element: string, changes: NodeChanges | undefined): void {
    if (!changes) return;
    if (changes.written) {
      this.#written ??= {};
      this.#written[element] = changes.written;
    }
    if (changes.removed) {
      this.#removed ??= {};
      this.#removed[element] = changes.removed;
    }
  }

  result(): NodeChanges | undefined {
    return this.#written || this.#removed ? { written: this.#written, removed: this.#removed } : undefined;
  }
}
