import { type FieldError, fieldInvalid, goTypeOf, inOrder } from '@keelson/machinery';
import { jsonKind } from '../../http/decode/go-errors.ts';
import { isEmbedded } from './embedded.ts';
import { isMap, memberPath, memberSchema, type Schema } from './schema.ts';

const text = 'string';
const texts = 'map[string]string';

/** Members of metadata that a default may hold, by their type in Go. */
const members: Readonly<Record<string, string>> = {
  ...{ name: text, generateName: text, namespace: text, selfLink: text, resourceVersion: text, uid: 'types.UID', generation: 'int64' },
  ...{ labels: texts, annotations: texts, finalizers: '[]string', ownerReferences: '[]v1.OwnerReference' },
};

/** The first of the API objects in a value that is none, because what tells its identity is of another type. Words are upstream's. */
export function misshapen(value: unknown, schema: Schema, path = ''): FieldError | undefined {
  if (Array.isArray(value)) return first(value, (element, index) => schema.items && misshapen(element, schema.items, `${path}[${index}]`));
  if (!isMap(value)) return undefined;
  const own = isEmbedded(schema) ? misnamed(value, path) : undefined;
  return (
    own ??
    first(Object.entries(value), ([name, member]) => {
      const nested = memberSchema(schema, name);
      return nested && misshapen(member, nested, memberPath(schema, path, name));
    })
  );
}

function first<T>(list: readonly T[], find: (one: T, index: number) => FieldError | undefined): FieldError | undefined {
  for (const [index, one] of list.entries()) {
    const found = find(one, index);
    if (found) return found;
  }
  return undefined;
}

function misnamed(resource: Readonly<Record<string, unknown>>, path: string): FieldError | undefined {
  for (const name of ['apiVersion', 'kind'])
    if (resource[name] !== undefined && typeof resource[name] !== 'string')
      return fieldInvalid(`${path}.${name}`, inOrder(resource[name]), 'must be a string');
  const why = metadataProblem(resource.metadata ?? {});
  return why ? fieldInvalid(`${path}.metadata`, inOrder(resource.metadata), why) : undefined;
}

function metadataProblem(metadata: unknown): string | undefined {
  if (!isMap(metadata)) return `json: cannot unmarshal ${jsonKind(metadata)} into Go value of type v1.ObjectMeta`;
  for (const [name, wanted] of Object.entries(members)) {
    const wrong = unlike(metadata[name] ?? undefined, wanted);
    if (wrong) return `json: cannot unmarshal ${wrong.found} into Go struct field ObjectMeta.${name} of type ${wrong.wanted}`;
  }
  return undefined;
}

function unlike(value: unknown, wanted: string): { readonly found: string; readonly wanted: string } | undefined {
  const found = goTypeOf(value);
  const wrong = { found: jsonKind(value), wanted };
  if (value === undefined || found === wanted || (wanted === 'types.UID' && found === text)) return undefined;
  if (wanted === texts && isMap(value))
    return Object.values(value)
      .map((one) => unlike(one, text))
      .find(Boolean);
  if (wanted === '[]string' && Array.isArray(value)) return value.map((one) => unlike(one, text)).find(Boolean);
  return wanted === '[]v1.OwnerReference' && Array.isArray(value) ? undefined : wrong;
}
