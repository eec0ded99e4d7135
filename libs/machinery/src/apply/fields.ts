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

/** The fields of `a` that are not in `b`: costs what `b` costs, and `a` itself where nothing goes. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  let result: Building | undefined;
  for (const element of Object.keys(b)) {
    const mine = childOf(a, element);
    if (!mine) continue;
    const left = withoutNode(mine, b[element] as FieldSet);
    if (left === mine) continue;
    result ??= { ...a };
    if (left) result[element] = left;
    else delete result[element];
  }
  return result ?? a;
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
  let result: Building | undefined;
  for (const element of elementsOf(roots)) {
    const mine = childOf(a, element);
    if (!mine) continue;
    const root = roots[element] as FieldSet;
    const below = outside(mine, root);
    if (below === mine && !isMember(root)) continue;
    const left = isMember(root) ? undefined : nodeOf(isMember(mine), withoutOwn(below));
    result ??= { ...a };
    if (left) result[element] = left;
    else delete result[element];
  }
  return result ?? a;
}

/** Whether two sets have the same members. */
export function sameSet(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  const elements = Object.keys(a);
  if (elements.length !== Object.keys(b).length) return false;
  return elements.every((element) => Object.hasOwn(b, element) && sameSet(a[element] as FieldSet, b[element] as FieldSet));
}

/** The paths of all members, each as its elements, in the order of the trie. */
export function pathsOf(set: FieldSet): string[][] {
  const paths: string[][] = [];
  const walk = (node: FieldSet, path: readonly string[]): void => {
    for (const element of elementsOf(node)) {
      const child = node[element] as FieldSet;
      const here = [...path, element];
      if (isMember(child)) paths.push(here);
      walk(child, here);
    }
  };
  walk(set, []);
  return paths;
}
