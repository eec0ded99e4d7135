import { compareStrings } from '../go-text.ts';

/**
 * A set of fields as a trie, in the very form in which `fieldsV1` is stored: members are elements of paths, `f:<name>`, `k:<keys as JSON>`,
 * `v:<value as JSON>` or `i:<index>`. A node is in the set when it is empty or has a `.`; what is below it is in its members. Sets are
 * never changed in place: they share parts.
 */
export interface FieldSet {
  readonly [element: string]: FieldSet;
}

/** A field that is in the set, and nothing below it. Also: the empty set. */
export const leaf: FieldSet = Object.freeze({});

const own = '.';

type Building = Record<string, FieldSet>;

/** The field of a struct or the entry of a map. */
export function fieldElement(name: string): string {
  return `f:${name}`;
}

export function isEmptySet(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}

/** Whether the node itself is in the set. */
export function isMember(node: FieldSet): boolean {
  return isEmptySet(node) || Object.hasOwn(node, own);
}

export function childOf(node: FieldSet | undefined, element: string): FieldSet | undefined {
  return node !== undefined && element !== own && Object.hasOwn(node, element) ? node[element] : undefined;
}

/** Elements directly below a node. */
export function elementsOf(node: FieldSet): string[] {
  return Object.keys(node).filter((element) => element !== own);
}

/** A node from what is below it. Undefined when nothing is in it. */
export function nodeOf(member: boolean, children: FieldSet): FieldSet | undefined {
  if (isEmptySet(children)) return member ? leaf : undefined;
  return member && !Object.hasOwn(children, own) ? { [own]: leaf, ...children } : children;
}

/** The set of the given paths. */
export function setOf(...paths: readonly (readonly string[])[]): FieldSet {
  let set: FieldSet = leaf;
  for (const path of paths) {
    const branch = path.reduceRight<FieldSet>((below, element) => ({ [element]: below }), leaf);
    set = union(set, branch);
  }
  return set;
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmptySet(b)) return a;
  if (isEmptySet(a)) return b;
  const result: Building = { ...a };
  for (const element of Object.keys(b)) {
    const other = b[element] as FieldSet;
    const mine = childOf(a, element);
    result[element] = mine ? unionNodes(mine, other) : other;
  }
  return result;
}

function unionNodes(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a;
  const [left, right] = [isEmptySet(a), isEmptySet(b)];
  if (left || right) return left && right ? leaf : (nodeOf(true, left ? b : a) as FieldSet);
  return union(a, b);
}

/** The fields of `a` that are not in `b`; `a` itself where nothing goes. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return lessened(a, b, withoutNode);
}

/** `a` with what `lessen` leaves of the nodes it has in common with `b`. Nothing is deleted from an object: that would make it a slow one. */
function lessened(a: FieldSet, b: FieldSet, lessen: (mine: FieldSet, other: FieldSet) => FieldSet | undefined): FieldSet {
  let changed: Map<string, FieldSet | undefined> | undefined;
  for (const element in b) {
    const mine = childOf(a, element);
    if (!mine) continue;
    const left = lessen(mine, b[element] as FieldSet);
    if (left === mine) continue;
    changed ??= new Map();
    changed.set(element, left);
  }
  if (!changed) return a;
  const result: Building = {};
  for (const element in a) {
    const left = changed.has(element) ? changed.get(element) : a[element];
    if (left) result[element] = left;
  }
  return result;
}

function withoutNode(a: FieldSet, b: FieldSet): FieldSet | undefined {
  const member = isMember(a) && !isMember(b);
  if (isEmptySet(a)) return member ? a : undefined;
  const below = difference(a, b);
  return below === a && member === isMember(a) ? a : nodeOf(member, withoutOwn(below));
}

function withoutOwn({ [own]: _, ...children }: FieldSet): FieldSet {
  return children;
}

/** The fields that are in both. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const result: Building = {};
  for (const element of Object.keys(b)) {
    const mine = childOf(a, element);
    if (!mine) continue;
    const other = b[element] as FieldSet;
    const node = nodeOf(isMember(mine) && isMember(other), intersection(mine, other));
    if (node) result[element] = node;
  }
  return result;
}

/** The fields of `a` that do not lie at or below a member of `roots`. */
export function outside(a: FieldSet, roots: FieldSet): FieldSet {
  return lessened(a, roots, (mine, root) => {
    if (isMember(root)) return undefined;
    const below = outside(mine, root);
    return below === mine ? mine : nodeOf(isMember(mine), withoutOwn(below));
  });
}

/** Whether two sets have the same members. */
export function sameSet(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  const elements = Object.keys(a);
  if (elements.length !== Object.keys(b).length) return false;
  return elements.every((element) => Object.hasOwn(b, element) && sameSet(a[element] as FieldSet, b[element] as FieldSet));
}

/** Whether the path is a member. */
export function hasPath(set: FieldSet, path: readonly string[]): boolean {
  const node = path.reduce<FieldSet | undefined>(childOf, set);
  return node !== undefined && isMember(node);
}

/** The paths of all members, each as its elements, in upstream's order: those of a node before what is below them. */
export function pathsOf(set: FieldSet): string[][] {
  const paths: string[][] = [];
  const walk = (node: FieldSet, path: readonly string[]): void => {
    const elements = elementsOf(node).toSorted(byPlace);
    for (const element of elements) if (isMember(node[element] as FieldSet)) paths.push([...path, element]);
    for (const element of elements) walk(node[element] as FieldSet, [...path, element]);
  };
  walk(set, []);
  return paths;
}

/** Fields by name, then items by key, by value and by index. */
function byPlace(a: string, b: string): number {
  const rank = (element: string): number => 'fkvi'.indexOf(element.charAt(0));
  return rank(a) - rank(b) || (a.startsWith('i') ? Number(a.slice(2)) - Number(b.slice(2)) : compareStrings(a, b));
}
