import type { KindDefinition, Verb } from '../kinds/types.ts';
import { KindCache } from './cache.ts';
import type { FieldReader } from './entry.ts';
import { tailLength } from './wire.ts';

const allVerbs: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** One served kind: its definition, where its objects lie, and its cache. */
export class KindStore {
  readonly definition: KindDefinition;
  readonly prefix: string;
  readonly cache: KindCache;
  readonly verbs: ReadonlySet<Verb>;
  /** Length of the constant end of its objects' bytes. */
  readonly tail: number;
  readonly fieldsOf: FieldReader;

  constructor(definition: KindDefinition) {
    const { kind } = definition;
    this.definition = definition;
    this.prefix = definition.prefix ?? `/registry/${kind.resource}/`;
    this.verbs = new Set(definition.verbs ?? allVerbs);
    this.tail = tailLength(kind.kind, kind.apiVersion);
    this.fieldsOf = fieldReader(definition);
    this.cache = new KindCache(this.prefix, this.fieldsOf, ['metadata.name', ...(definition.indexedFields ?? [])]);
  }

  get kind(): KindDefinition['kind'] {
    return this.definition.kind;
  }

  get groupResource(): { group: string; resource: string } {
    return { group: this.kind.group, resource: this.kind.resource };
  }

  get isStored(): boolean {
    return this.verbs.has('get');
  }

  /** The storage key of one object, or the prefix of a namespace when `name` is empty. */
  keyOf(namespace: string, name: string): string {
    return this.kind.namespaced ? `${this.prefix}${namespace}/${name}` : `${this.prefix}${name}`;
  }

  /** Prefix of the keys a list of `namespace` covers; all when absent. */
  scopeOf(namespace: string | undefined): string {
    return this.kind.namespaced && namespace ? `${this.prefix}${namespace}/` : this.prefix;
  }
}

/** Reads the values by which objects of a kind can be selected. */
function fieldReader(definition: KindDefinition): FieldReader {
  const own = Object.entries(definition.selectableFields ?? {});
  const { namespaced } = definition.kind;
  return (object) => {
    const fields: Record<string, string> = { 'metadata.name': object.metadata.name ?? '' };
    if (namespaced) fields['metadata.namespace'] = object.metadata.namespace ?? '';
    for (const [field, read] of own) fields[field] = read(object);
    return fields;
  };
}
