import { badRequest, FieldSelector, type LabelSelectorMatcher, parseFieldSelector, parseLabelSelector } from '@keelson/machinery';
import type { Indexed } from './entry.ts';
import { fieldPin, labelPin } from './indexes.ts';
import type { KindStore } from './kind-store.ts';
import type { Selection } from './watchers.ts';

/** What a list or watch asks for, before anything is parsed. */
export interface SelectionQuery {
  /** All when absent. */
  readonly namespace: string | undefined;
  readonly labelSelector: string;
  readonly fieldSelector: string;
}

/** @throws StatusError BadRequest for a selector that does not parse or a field that cannot be selected. */
export function parseSelection(store: KindStore, query: SelectionQuery): Selection & { readonly everything: boolean } {
  const labels = query.labelSelector ? parseLabels(query.labelSelector) : undefined;
  const wanted = query.fieldSelector ? parseFields(store, query.fieldSelector) : undefined;
  const fields = wanted && inIndex(store, wanted);
  const matchesServed = wanted && beyondIndex(store, wanted);
  const namespace = store.kind.namespaced ? query.namespace || undefined : undefined;
  const fieldEquals: Record<string, string> = {};
  for (const { field, operator, value } of fields?.requirements ?? []) if (operator === '=') fieldEquals[field] = value;
  const pins = Object.entries(fieldEquals).map(([field, value]) => fieldPin(field, value));
  for (const { key, operator, values } of labels?.requirements ?? []) {
    if ((operator === '=' || operator === '==' || operator === 'in') && values.length === 1) pins.push(labelPin(key, values[0] as string));
  }
  const matches = (object: Indexed): boolean =>
    (namespace === undefined || object.namespace === namespace) &&
    (labels === undefined || labels.matches(object.labels)) &&
    (fields === undefined || fields.matches(object.fields));
  return { namespace, fieldEquals, pins, matches, everything: !labels && !fields, ...(matchesServed ? { matchesServed } : {}) };
}

function parseLabels(text: string): LabelSelectorMatcher {
  try {
    return parseLabelSelector(text);
  } catch (error) {
    throw badRequest((error as Error).message);
  }
}

function parseFields(store: KindStore, text: string): FieldSelector {
  let fields: FieldSelector;
  try {
    fields = parseFieldSelector(text);
  } catch (error) {
    throw badRequest((error as Error).message);
  }
  const known = new Set([
    'metadata.name',
    ...(store.kind.namespaced || !namesItsFields(store) ? ['metadata.namespace'] : []),
    ...Object.keys(store.selectableFields),
  ]);
  for (const { field } of fields.requirements) {
    if (!known.has(field)) throw badRequest(unsupported(store, field));
  }
  return fields;
}

/** The part of the selector that the index can tell, with its fields named as there. */
function inIndex({ definition: { version }, selectableFields }: KindStore, { requirements }: FieldSelector): FieldSelector {
  const known = version?.prepare ? requirements.filter(({ field }) => isOfMetadata(field)) : requirements;
  return new FieldSelector(known.map((one) => ({ ...one, field: version ? (selectableFields[one.field] ?? one.field) : one.field })));
}

/** The rest: what the index holds is of the stored version, from which somebody else makes this one. */
function beyondIndex({ definition }: KindStore, { requirements }: FieldSelector): Selection['matchesServed'] {
  const rest = requirements.filter(({ field }) => !isOfMetadata(field));
  if (!definition.version?.prepare || rest.length === 0) return undefined;
  const selector = new FieldSelector(rest);
  const { selectableFields = {} } = definition;
  return (object) => selector.matches(Object.fromEntries(rest.map(({ field }) => [field, selectableFields[field]?.(object) ?? ''])));
}

const isOfMetadata = (field: string): boolean => field.startsWith('metadata.');

/** Other kinds take the names every object may have, whether theirs do or not. */
function namesItsFields({ isCustom, selectableFields }: KindStore): boolean {
  return isCustom || Object.keys(selectableFields).length > 0;
}

function unsupported(store: KindStore, field: string): string {
  return namesItsFields(store)
    ? `field label not supported: ${field}`
    : `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`;
}
