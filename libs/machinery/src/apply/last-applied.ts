import { byteLength, goJson, inOrder } from '../go-text.ts';
import { isObject, type JsonObject } from '../patch/json-object.ts';
import { annotationSizeLimit } from '../validation.ts';
import { checkConfiguration } from './check.ts';
import { compareFields } from './compare.ts';
import { difference, type FieldSet, leaf } from './fields.ts';
import { fieldsOf } from './own.ts';
import type { MergeType } from './type.ts';

/** Where client-side apply remembers what it applied. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

function annotationsOf(object: object): JsonObject {
  const { metadata } = object as { metadata?: { annotations?: unknown } };
  return isObject(metadata?.annotations) ? metadata.annotations : {};
}

/** Fields that client-side apply set, and that still are as it set them: a server-side apply by kubectl may take them. */
export function fieldsOfLastApplied(live: object, type: MergeType): FieldSet {
  const config = parse(annotationsOf(live)[lastApplied]);
  if (!config || checkConfiguration(config, type).length > 0) return leaf;
  const { written, removed } = compareFields(live, config, type);
  return difference(difference(fieldsOf(config, type), written), removed);
}

function parse(text: unknown): JsonObject | undefined {
  try {
    const value: unknown = typeof text === 'string' ? JSON.parse(text) : undefined;
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Where client-side apply left its annotation, a server-side apply by kubectl keeps it up to date. */
export function withLastApplied(object: object, config: object): object {
  if (annotationsOf(object)[lastApplied] === undefined) return object;
  const applied = `${goJson(inOrder(withoutAnnotation(config)))}\n`;
  const { metadata } = object as { metadata: JsonObject };
  const annotations = { ...annotationsOf(object), [lastApplied]: applied };
  const size = Object.entries(annotations).reduce((sum, [key, value]) => sum + byteLength(key) + byteLength(String(value)), 0);
  return size > annotationSizeLimit ? withoutAnnotation(object) : { ...object, metadata: { ...metadata, annotations } };
}

function withoutAnnotation(object: object): object {
  const { metadata } = object as { metadata?: JsonObject };
  if (!isObject(metadata?.annotations)) return object;
  const { [lastApplied]: _, ...annotations } = metadata.annotations;
  return { ...object, metadata: { ...metadata, annotations } };
}
