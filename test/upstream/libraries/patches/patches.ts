import { createStrategicPatch, type JsonObject, type JsonPatchOperation } from '@keelson/machinery';
import type { Schema, Schemas } from '@keelson/types/schemas';
import type { Document, Documents } from '../../documents.ts';

/** Fields that tell elements apart: without them there is little to say. */
const isKey = /^(name|number|uid|ip|type|key|port|containerPort|mountPath|devicePath|topologyKey)$/;

/** Patches that are nearly right: what a client would send, with directives put in here and there. */
export class PatchMaker {
  readonly #documents: Documents;
  readonly #schemas: Schemas;

  constructor(documents: Documents, schemas: Schemas) {
    this.#documents = documents;
    this.#schemas = schemas;
  }

  strategic(original: Document, typeName: string): unknown {
    const to = this.#documents.changed(original, typeName);
    const patch = this.#documents.chance(0.5) ? this.#difference(original, to, typeName) : to;
    return this.#documents.chance(0.3) ? patch : this.#sprinkled(patch, { $ref: typeName });
  }

  #difference(from: Document, to: Document, typeName: string): unknown {
    try {
      return createStrategicPatch(from, to, this.#schemas, typeName);
    } catch {
      return to;
    }
  }

  /** With nulls, and directives that fit their place more often than not. */
  #sprinkled(value: unknown, schema: Schema): unknown {
    const { chance, pick, some } = this.#documents.choices;
    if (Array.isArray(value)) return value.map((inner) => this.#sprinkled(inner, this.#documents.resolve(schema).items ?? {}));
    if (!isObject(value)) return chance(0.04) ? null : value;
    const entries = Object.entries(value).map(([name, inner]): [string, unknown] => [
      name,
      isKey.test(name) ? inner : this.#sprinkled(inner, this.#documents.memberOf(schema, name)),
    ]);
    const result: JsonObject = Object.fromEntries(entries);
    if (chance(0.06)) result.$patch = pick(['delete', 'replace', 'merge', 'delete', 'replace', 'x']);
    if (chance(0.05)) result.$retainKeys = some(Object.keys(this.#documents.resolve(schema).properties ?? {}), 0.5);
    for (const [name, inner] of Object.entries(value)) {
      if (!Array.isArray(inner) || name.startsWith('$')) continue;
      const key = this.#documents.memberOf(schema, name)['x-kubernetes-patch-merge-key'];
      if (chance(0.08)) result[`$setElementOrder/${name}`] = some(key === undefined ? inner : inner.map((each) => onlyKey(each, key)), 0.9);
      if (chance(0.08)) result[`$deleteFromPrimitiveList/${name}`] = some(inner);
      if (chance(0.08)) delete result[name];
    }
    if (!this.#documents.resolve(schema).properties?.words) return result;
    if (chance(0.02)) result[`$setElementOrder/${pick(['words', 'merging'])}`] = pick<unknown>([[], ['a'], [{ name: 'a' }], 'x', null]);
    if (chance(0.02)) result[`$deleteFromPrimitiveList/${pick(['words', 'merging'])}`] = pick<unknown>([[], ['a'], 'x', null, {}]);
    return result;
  }

  json(original: Document): unknown {
    const { chance, pick, some } = this.#documents.choices;
    const paths = pathsIn(original, '');
    const path = (): string => {
      const way = pick(paths);
      return chance(0.3) ? way + pick(['/0', '/-', '/-1', '/x', '/1', '/9', '/-9', '/a~1b', '/~0', '', '/', '/01']) : way;
    };
    const values = (): unknown =>
      pick<unknown>([null, 1, 'a', [], {}, ['a', 'b'], { a: 1 }, [null], { a: null }, valueAt(original, pick(paths))]);
    return some([1, 2, 3, 4, 5]).map((): JsonPatchOperation => {
      const op = pick(['add', 'remove', 'replace', 'move', 'copy', 'test', 'test', 'add', 'x']);
      const tested = path();
      const value = op === 'test' && chance(0.7) ? valueAt(original, tested) : values();
      return {
        ...{ op, path: tested },
        ...(op === 'move' || op === 'copy' ? { from: path() } : {}),
        ...(chance(0.95) && value !== undefined && op !== 'move' && op !== 'remove' ? { value } : {}),
      };
    });
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function onlyKey(element: unknown, key: string): unknown {
  if (!isObject(element)) return element;
  return Object.hasOwn(element, key) ? { [key]: element[key] } : {};
}

function pathsIn(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([name, inner]) => pathsIn(inner, `${path}/${name}`))];
}

function valueAt(value: unknown, path: string): unknown {
  const steps = path.split('/').slice(1);
  return steps.reduce<unknown>((at, step) => (typeof at === 'object' && at !== null ? (at as JsonObject)[step] : undefined), value);
}
