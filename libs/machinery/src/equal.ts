import { quantitiesEqual } from './quantity.ts';

/** Fields whose value is a map of quantities wherever they are a map. */
const quantityMaps = new Set(['limits', 'requests', 'capacity', 'allocatable', 'hard', 'used', 'overhead', 'allocatedResources']);

/**
 * Fields whose empty object means the same as none: maps, and structures that Go holds by value. Elsewhere `{}` is a choice made
 * (`emptyDir: {}`, `podSelector: {}`) and differs from nothing.
 */
const emptyIsNothing = new Set([
  ...quantityMaps,
  'labels',
  'annotations',
  'matchLabels',
  'nodeSelector',
  'data',
  'binaryData',
  'stringData',
  'metadata',
  'status',
  'strategy',
  'updateStrategy',
  'resources',
]);

/**
 * Whether two JSON values mean the same to Kubernetes, as `apiequality.Semantic.DeepEqual` decides: `undefined`, `null`, absent fields and
 * empty lists are alike, empty maps are nothing, and quantities in resource lists compare by value. Go's zero strings and numbers are
 * not known without a schema: `''` and absent differ.
 */
export function equal(a: unknown, b: unknown): boolean {
  return equalAt(a, b, '', '');
}

function equalAt(a: unknown, b: unknown, field: string, parent: string): boolean {
  if (a === b) return true;
  const left = isNothing(a, field) ? undefined : a;
  const right = isNothing(b, field) ? undefined : b;
  if (left === undefined || right === undefined) return left === right;
  if (typeof left !== 'object' || typeof right !== 'object') return quantityMaps.has(parent) && quantitiesEqual(left, right);
  if (Array.isArray(left) || Array.isArray(right)) return Array.isArray(left) && Array.isArray(right) && equalLists(left, right, field);
  return equalObjects(left as Record<string, unknown>, right as Record<string, unknown>, field);
}

function isNothing(value: unknown, field: string): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.length === 0;
  return emptyIsNothing.has(field) && Object.entries(value).every(([key, inner]) => isNothing(inner, key));
}

function equalLists(a: readonly unknown[], b: readonly unknown[], field: string): boolean {
  return a.length === b.length && a.every((element, i) => equalAt(element, b[i], '', field));
}

function equalObjects(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>, parent: string): boolean {
  for (const key of Object.keys(a)) if (!equalAt(a[key], b[key], key, parent)) return false;
  for (const key of Object.keys(b)) if (!Object.hasOwn(a, key) && !isNothing(b[key], key)) return false;
  return true;
}
