import { canonicalQuantity } from '@keelson/machinery';
import type { Schema, Schemas } from '@keelson/types/schemas';

/** Rewrites the quantities of an object in their canonical text (`1000m` → `1`, the number 2 → `"2"`), as Go's decoding does. */
export class Quantities {
  readonly #schemas: Schemas;
  /** Whether a type holds quantities anywhere: most do not, and are not walked. */
  readonly #holds = new Map<string, boolean>();

  constructor(schemas: Schemas) {
    this.#schemas = schemas;
  }

  /** @throws Error with Kubernetes' sentence for a text that is no quantity. */
  canonicalize(typeName: string, object: unknown): void {
    this.#walk({ $ref: typeName }, object);
  }

  #walk(schema: Schema, value: unknown): unknown {
    if (value === null || value === undefined) return value;
    if (schema.format === 'quantity') return canonicalQuantity(value as string | number);
    if (schema.$ref) return this.#typeHolds(schema.$ref) ? this.#walk(this.#schemas[schema.$ref] as Schema, value) : value;
    if (schema.items && Array.isArray(value)) for (const [index, item] of value.entries()) value[index] = this.#walk(schema.items, item);
    if (schema.properties) this.#members(value as Record<string, unknown>, (name) => schema.properties?.[name]);
    else if (schema.additionalProperties) this.#members(value as Record<string, unknown>, () => schema.additionalProperties);
    return value;
  }

  #members(object: Record<string, unknown>, schemaOf: (name: string) => Schema | undefined): void {
    for (const [name, value] of Object.entries(object)) {
      const schema = schemaOf(name);
      if (schema && this.#schemaHolds(schema)) object[name] = this.#walk(schema, value);
    }
  }

  #typeHolds(typeName: string): boolean {
    const known = this.#holds.get(typeName);
    if (known !== undefined) return known;
    // Recursive types (JSON schemas) hold none: assumed while it is being found out.
    this.#holds.set(typeName, false);
    const holds = this.#schemaHolds(this.#schemas[typeName] ?? {});
    this.#holds.set(typeName, holds);
    return holds;
  }

  #schemaHolds(schema: Schema): boolean {
    if (schema.format === 'quantity') return true;
    if (schema.$ref) return this.#typeHolds(schema.$ref);
    const children = [schema.items, schema.additionalProperties, ...Object.values(schema.properties ?? {})];
    return children.some((child) => child !== undefined && this.#schemaHolds(child));
  }
}
