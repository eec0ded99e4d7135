import type { KubeObject } from '@keelson/client';
import { type FieldVersions, type MergeSchema, type MergeType, MergeTypes } from '@keelson/machinery';
import { loadSchemas } from '@keelson/types/schemas';
import type { KindStore } from './kind-store.ts';
import { fromStored, prepared } from './versions.ts';

/** The kind served at a path, or undefined. */
type Find = (group: string, version: string, resource: string) => KindStore | undefined;

/** What is known of the fields of all kinds of one registry: by it is told who wrote which. */
export class FieldTypes {
  readonly #find: Find;
  #types: Promise<MergeTypes> | undefined;
  /** By served version: another definition of a kind is another store. */
  readonly #known = new WeakMap<KindStore, FieldVersions>();
  readonly #custom = new WeakMap<KindStore, MergeType>();

  constructor(find: Find) {
    this.#find = find;
  }

  /** Those of a kind, in all versions that are served. */
  async of(store: KindStore): Promise<FieldVersions> {
    const known = this.#known.get(store);
    if (known) return known;
    this.#types ??= loadSchemas().then((schemas) => new MergeTypes(schemas));
    const versions = this.#versionsOf(store, await this.#types);
    this.#known.set(store, versions);
    return versions;
  }

  #versionsOf(store: KindStore, types: MergeTypes): FieldVersions {
    const { apiVersion: own, resource } = store.kind;
    const ownType = this.#typeOf(types, store);
    const find = (apiVersion: string): KindStore | undefined => {
      const [version = '', group = ''] = apiVersion.split('/').reverse();
      return this.#find(group, version, resource);
    };
    return {
      type: (apiVersion) => {
        const other = apiVersion === own ? undefined : find(apiVersion);
        return apiVersion === own ? ownType : other && this.#typeOf(types, other);
      },
      convert: (object, from, to) => convert(object, find(from), find(to)),
    };
  }

  #typeOf(types: MergeTypes, store: KindStore): MergeType {
    const known = types.named(store.kind.typeName) ?? this.#custom.get(store);
    if (known) return known;
    const type = types.custom(store.definition.schema as MergeSchema | undefined);
    this.#custom.set(store, type);
    return type;
  }
}

async function convert(object: object, from: KindStore | undefined, to: KindStore | undefined): Promise<object> {
  if (!from || !to || from === to) return object;
  const { version } = from.definition;
  const stored = version ? await version.toStored(object as never) : (object as KubeObject);
  const unfilled = to.definition.version?.unfilled;
  if (unfilled) return unfilled(stored);
  await prepared(to, [stored]);
  return fromStored(to, stored);
}
