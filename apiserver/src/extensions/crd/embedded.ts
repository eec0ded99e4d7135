import {
  type FieldError,
  fieldInvalid,
  fieldRequired,
  isDNS1035Label,
  isPathSegment,
  path as pathOf,
  validateObjectMeta,
} from '@keelson/machinery';
import type { ObjectMeta } from '@keelson/types';
import { isMap, type JsonMap, memberPath, memberSchema, type Schema } from './schema.ts';

/** Whether values are whole API objects. */
export function isEmbedded(schema: Schema): boolean {
  return schema['x-kubernetes-embedded-resource'] === true;
}

/** What is wrong with the API objects inside an object: they say their version and kind, and their metadata is as metadata is. */
export function embeddedErrors(value: unknown, schema: Schema, path = ''): FieldError[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.flatMap((element, index) => embeddedErrors(element, items, `${path}[${index}]`)) : [];
  }
  if (!isMap(value)) return [];
  const below = Object.entries(value).flatMap(([name, member]) => {
    const nested = memberSchema(schema, name);
    return nested ? embeddedErrors(member, nested, memberPath(schema, path, name)) : [];
  });
  return [...(isEmbedded(schema) ? resourceErrors(value, path) : []), ...below];
}

function resourceErrors({ apiVersion, kind, metadata }: JsonMap, path: string): FieldError[] {
  return [
    ...identityErrors(apiVersion, `${path}.apiVersion`, versionProblem),
    ...identityErrors(kind, `${path}.kind`, kindProblem),
    ...(isMap(metadata) ? metadataErrors(metadata, `${path}.metadata`) : []),
  ];
}

function identityErrors(value: unknown, at: string, problem: (value: string) => string): FieldError[] {
  if (value === undefined || value === '') return [fieldRequired(at)];
  if (typeof value !== 'string') return [fieldInvalid(at, value, 'must be a string')];
  const why = problem(value);
  return why === '' ? [] : [fieldInvalid(at, value, why)];
}

function versionProblem(apiVersion: string): string {
  return apiVersion.split('/').length > 2 ? `unexpected GroupVersion string: ${apiVersion}` : '';
}

function kindProblem(kind: string): string {
  const problems = isDNS1035Label(kind.toLowerCase());
  return problems.length > 0 ? `may have mixed case, but should otherwise match: ${problems.join(',')}` : '';
}

/** An embedded object may be without a name. */
function metadataErrors(metadata: ObjectMeta, at: string): FieldError[] {
  const rules = { namespaced: Boolean(metadata.namespace), name: isPathSegment, qualifiedFinalizers: false };
  return validateObjectMeta({ ...metadata, name: metadata.name || 'unnamed' }, rules, pathOf(at));
}
