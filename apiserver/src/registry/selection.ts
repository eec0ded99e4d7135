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
  const labels = query.labelSelector ? parseLabels(store, query) : undefined;
  const fields = query.fieldSelector ? parseFields(store, query) : undefined;
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
  return { namespace, fieldEquals, pins, matches, everything: !labels && !fields };
}

function parseLabels(store: KindStore, query: SelectionQuery): LabelSelectorMatcher {
  try {
    return parseLabelSelector(query.labelSelector);
  } catch (error) {
    throw cannotFind(store, query, (error as Error).message);
  }
}

function parseFields(store: KindStore, query: SelectionQuery): FieldSelector {
  let fields: FieldSelector;
  try {
    fields = parseFieldSelector(query.fieldSelector);
  } catch (error) {
    throw cannotFind(store, query, (error as Error).message);
  }
  const known = new Set([
    'metadata.name',
    ...(store.kind.namespaced ? ['metadata.namespace'] : []),
    ...Object.keys(store.selectableFields),
  ]);
  for (const { field } of fields.requirements) {
    if (!known.has(field)) throw cannotFind(store, query, unsupported(store, field));
  }
  return inIndex(store, fields);
}

/** The selector with its fields named as the index names them. */
function inIndex({ definition, selectableFields }: KindStore, fields: FieldSelector): FieldSelector {
  if (!definition.version) return fields;
  return new FieldSelector(fields.requirements.map((one) => ({ ...one, field: selectableFields[one.field] ?? one.field })));
}

function unsupported(store: KindStore, field: string): string {
  return Object.keys(store.selectableFields).length > 0
    ? `field label not supported: ${field}`
    : `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`;
}

function cannotFind(store: KindStore, query: SelectionQuery, why: string): Error {
  const { group, version, resource } = store.kind;
  const place = `${group ? `${group}/` : ''}${version}, Resource=${resource}`;
  return badRequest(
    `Unable to find "${place}" that match label selector "${query.labelSelector}", field selector "${query.fieldSelector}": ${why}`,
  );
}
