import type { KindDefinition, Verb } from '../kinds/types.ts';
import { KindCache } from './cache.ts';
import { type IndexReader, type Labels, remember } from './entry.ts';
import { encodeStored, tailLength } from './wire.ts';
import type { Writable } from './writable.ts';

const allVerbs: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** One served version of a kind: its definition, where its objects lie, and the cache it shares with the kind's other versions. */
export class KindStore<D extends KindDefinition = KindDefinition> {
  readonly definition: D;
  /** The version in which objects lie in the store and the cache: this one, unless told. */
  readonly hub: KindStore<D>;
  readonly prefix: string;
  readonly cache: KindCache;
  readonly verbs: ReadonlySet<Verb>;
  /** Length of the end that items of a list leave out: kind and apiVersion, which custom resources keep, as upstream's do. */
  readonly tail: number;
  readonly index: IndexReader;

  /**
   * @param cache what holds its objects already, when it is another definition, or another version, of a kind that is served.
   * @param hub the stored version, where `definition` is another.
   */
  constructor(definition: D, cache?: KindCache, hub?: KindStore<D>) {
    const { kind } = definition;
    this.definition = definition;
    this.hub = hub ?? this;
    this.prefix = hub?.prefix ?? definition.prefix ?? `/registry/${kind.resource}/`;
    this.verbs = new Set(definition.verbs ?? allVerbs);
    this.tail = definition.schema ? 1 : tailLength(kind.kind, kind.apiVersion);
    this.index = hub?.index ?? indexReader(definition);
    this.cache = cache ?? new KindCache(this.prefix, this.index, definition.indexedFields ?? []);
  }

  get kind(): KindDefinition['kind'] {
    return this.definition.kind;
  }

  get groupResource(): { group: string; resource: string } {
    return { group: this.kind.group, resource: this.kind.resource };
  }

  /** What its objects can be selected by, besides name and namespace; the values are the fields' names in the index. */
  get selectableFields(): Readonly<Record<string, string>> {
    const { version, selectableFields = {} } = this.definition;
    return version ? (version.selectableFields ?? {}) : Object.fromEntries(Object.keys(selectableFields).map((field) => [field, field]));
  }

  /** Whether a definition in the cluster stands behind it: the type's name then holds its whole group. */
  get isCustom(): boolean {
    return this.kind.typeName.includes('/');
  }

  get isStored(): boolean {
    return this.definition.answer === undefined;
  }

  /** The storage key of one object, or the prefix of a namespace when `name` is empty. */
  keyOf(namespace: string, name: string): string {
    return this.kind.namespaced ? `${this.prefix}${namespace}/${name}` : `${this.prefix}${name}`;
  }

  /** Bytes to store, with what the cache will want to know of them. */
  encode(object: Writable): Buffer {
    const bytes = encodeStored(object, this.kind.kind, this.kind.apiVersion);
    remember(bytes, this.index(object));
    return bytes;
  }

  /** Prefix of the keys a list of `namespace` covers; all when absent. */
  scopeOf(namespace: string | undefined): string {
    return this.kind.namespaced && namespace ? `${this.prefix}${namespace}/` : this.prefix;
  }
}

/** Where objects of a kind lie. */
export function prefixOf({ prefix, kind }: KindDefinition): string {
  return prefix ?? `/registry/${kind.resource}/`;
}

const none: Labels = {};
const noClaims: readonly string[] = [];

/** Reads the values by which objects of a kind can be selected and told apart. */
function indexReader(definition: KindDefinition): IndexReader {
  const own = Object.entries(definition.selectableFields ?? {});
  const { namespaced } = definition.kind;
  return (object) => {
    const { name = '', namespace = '', labels } = object.metadata as { name?: string; namespace?: string; labels?: Labels };
    const fields: Record<string, string> = { 'metadata.name': name };
    if (namespaced) fields['metadata.namespace'] = namespace;
    for (const [field, read] of own) fields[field] = attempt(() => read(object), '');
    return { name, namespace, labels: labels ?? none, fields, claims: attempt(() => definition.claims?.(object), undefined) ?? noClaims };
  };
}

/** Objects in the store were valid when they were written, by whatever version or hand wrote them: an odd one must not stop the others. */
function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
