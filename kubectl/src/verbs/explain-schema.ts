import type { ApiResource } from '../resource/discovery.ts';

/** One schema of an OpenAPI v3 document, as far as explain reads it. */
export interface Schema {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly description?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly externalDocs?: { readonly description?: string; readonly url?: string };
  readonly additionalProperties?: Schema | boolean;
  readonly 'x-kubernetes-group-version-kind'?: readonly { readonly group: string; readonly version: string; readonly kind: string }[];
}

export type Schemas = Readonly<Record<string, Schema>>;

type Named = Pick<ApiResource, 'group' | 'version' | 'kind'>;

/** The schema of a kind. */
export function schemaOf(schemas: Schemas, { group, version, kind }: Named): Schema | undefined {
  return Object.values(schemas).find((schema) =>
    schema['x-kubernetes-group-version-kind']?.some((each) => each.group === group && each.version === version && each.kind === kind),
  );
}

/** The schema a reference stands for. */
export function resolve(schemas: Schemas, schema: Schema): Schema {
  const [only] = schema.allOf ?? [];
  if (only && schema.allOf?.length === 1) return resolve(schemas, only);
  if (schema.$ref === undefined) return schema;
  return schemas[schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)] ?? schema;
}

/** What stands inside lists and maps. */
export function elementOf(schemas: Schemas, schema: Schema): Schema {
  const resolved = resolve(schemas, schema);
  if (resolved.items) return elementOf(schemas, resolved.items);
  if (typeof resolved.additionalProperties === 'object') return elementOf(schemas, resolved.additionalProperties);
  return resolved;
}

const width = 80;

/** Words in lines of at most 80 columns with the indent, paragraphs kept. */
export function wrap(text: string, indent: number): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = [];
    let line = /^\s*/.exec(paragraph)?.[0] ?? '';
    for (const [, gap = '', word = ''] of paragraph.trim().matchAll(/(\s*)(\S+)/g)) {
      if (line.trim() !== '' && line.length + gap.length + word.length > width - indent) {
        lines.push(line);
        line = word;
      } else line += gap + word;
    }
    return [...lines, line].map((each) => ' '.repeat(indent) + each);
  });
}
