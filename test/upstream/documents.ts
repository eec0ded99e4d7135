import type { Random } from '@keelson/base';
import type { Schema, Schemas } from '@keelson/types/schemas';

export type Document = Record<string, unknown>;

const words = ['a', 'b', 'c', 'd'] as const;

interface Limits {
  /** How many levels an object has at most. */
  readonly depth: number;
  /** Names of members that no object has. */
  readonly without?: readonly string[];
}

/** Small objects of a schema, and small changes to them: from few words, so that two of them have much in common. */
export class Documents {
  readonly random: Random;
  readonly #schemas: Schemas;
  readonly #limits: Limits;

  constructor(schemas: Schemas, random: Random, limits: Limits) {
    this.#schemas = schemas;
    this.random = random;
    this.#limits = limits;
  }

  chance(share: number): boolean {
    return this.random.next() < share;
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.random.next() * list.length)] as T;
  }

  /** Some of them, in any order. */
  some<T>(list: readonly T[], share = 0.5): T[] {
    const chosen = list.filter(() => this.chance(share)).map((item) => ({ item, rank: this.random.next() }));
    return chosen.sort((a, b) => a.rank - b.rank).map(({ item }) => item);
  }

  /** Its choices without itself. */
  get choices(): Pick<Documents, 'chance' | 'pick' | 'some'> {
    return {
      chance: (share) => this.chance(share),
      pick: (list) => this.pick(list),
      some: (list, share) => this.some(list, share),
    };
  }

  /** An object of that type, without `kind` and `apiVersion`. */
  ofType(typeName: string): Document {
    return this.#object(this.resolve({ $ref: typeName }), 0);
  }

  /** The same with some members or items dropped, added, changed or moved. */
  changed(value: Document, typeName: string): Document {
    return this.#changed(value, { $ref: typeName }, 0) as Document;
  }

  resolve(schema: Schema): Schema {
    return schema.$ref === undefined ? schema : this.resolve(this.#schemas[schema.$ref] ?? {});
  }

  /** The schema of a member, with what the member itself says of lists and patches. */
  memberOf(schema: Schema, name: string): Schema {
    const { properties, additionalProperties } = this.resolve(schema);
    return properties?.[name] ?? additionalProperties ?? {};
  }

  value(schema: Schema, depth = 0): unknown {
    const resolved = this.resolve(schema);
    if (resolved.items) return this.#list(schema, depth);
    if (resolved.properties || resolved.additionalProperties) return this.#object(resolved, depth);
    return this.#scalar(resolved);
  }

  #object({ properties, additionalProperties }: Schema, depth: number): Document {
    if (depth > this.#limits.depth) return {};
    if (additionalProperties)
      return Object.fromEntries(this.some(words).map((name) => [name, this.value(additionalProperties, depth + 1)]));
    const isTold = (name: string): boolean => depth === 0 && (name === 'kind' || name === 'apiVersion');
    const names = Object.keys(properties ?? {}).filter((name) => !isTold(name) && !this.#limits.without?.includes(name));
    const share = Math.min(0.6, 5 / names.length);
    return Object.fromEntries(this.some(names, share).map((name) => [name, this.value(properties?.[name] ?? {}, depth + 1)]));
  }

  #list(schema: Schema, depth: number): unknown[] {
    const { items = {} } = this.resolve(schema);
    const keys = keysOf(schema);
    if (depth > this.#limits.depth) return [];
    if (keys.length === 0) return this.some([0, 1, 2]).map(() => this.value(items, depth + 1));
    const list = this.some(words).map((word) => ({ ...(this.value(items, depth + 1) as Document), ...this.#named(word, items, keys) }));
    return this.chance(0.97) ? list : [...list, this.value(items, depth + 1)];
  }

  #named(word: string, items: Schema, keys: readonly string[]): Document {
    const number = 1 + words.indexOf(word as 'a');
    const told = (key: string): unknown => (this.resolve(this.memberOf(items, key)).type === 'integer' ? number : word);
    return Object.fromEntries(keys.map((key) => [key, told(key)]));
  }

  #scalar({ type, format, ...schema }: Schema): unknown {
    if (type === 'boolean') return this.chance(0.5);
    if (type === 'integer' || type === 'number') return Math.floor(this.random.next() * 3);
    if (format === 'quantity') return this.pick(['1', '100m', '1Gi']);
    if (format === 'date-time') return this.pick(['2026-03-01T10:20:30Z', '2026-03-02T10:20:30Z']);
    if (format === 'byte') return this.pick(['YQ==', 'Yg==']);
    if (schema['x-kubernetes-int-or-string'] || format === 'int-or-string') return this.pick(['80%', 1]);
    if (type === 'string') return this.chance(0.9) ? this.pick(words) : '';
    return Object.fromEntries(this.some(words).map((name) => [name, this.chance(0.6) ? this.pick(words) : { a: this.pick(words) }]));
  }

  #changed(value: unknown, schema: Schema, depth: number): unknown {
    if (this.chance(0.05)) return this.value(schema, depth);
    if (Array.isArray(value)) {
      const { items = {} } = this.resolve(schema);
      const kept = this.chance(0.2) ? this.some(value, 0.8) : value.filter(() => this.chance(0.85));
      const changed = kept.map((item) => this.#changed(item, items, depth + 1));
      return this.chance(0.2) ? [...changed, ...this.#list(schema, depth)] : changed;
    }
    if (typeof value !== 'object' || value === null) return this.chance(0.15) ? this.value(schema, depth) : value;
    const entries = Object.entries(value).filter(() => this.chance(0.85));
    const changed = entries.map(([name, inner]) => [name, this.#changed(inner, this.memberOf(schema, name), depth + 1)] as const);
    return { ...(this.chance(0.2) ? this.#object(this.resolve(schema), depth) : {}), ...Object.fromEntries(changed) };
  }
}

/** The fields that tell a list's items apart. */
function keysOf(schema: Schema): readonly string[] {
  const mergeKey = schema['x-kubernetes-patch-merge-key'];
  return schema['x-kubernetes-list-map-keys'] ?? (mergeKey === undefined ? [] : [mergeKey]);
}
