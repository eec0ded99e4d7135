import type { ManagedFieldsEntry, StatusCause } from '@keelson/types';
import type { Document, Documents } from '../../documents.ts';

interface Meta extends Document {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly managedFields?: ManagedFieldsEntry[] | undefined;
}

export interface Held extends Document {
  readonly metadata?: Meta;
}

export interface Kind {
  readonly Group: string;
  readonly Version: string;
  readonly Kind: string;
}

export interface Question extends Kind {
  readonly Ask: string;
  readonly typeName: string;
  readonly Manager: string;
  readonly Subresource: string;
  readonly Live: Held;
  readonly Object: Held;
  readonly Force: boolean;
  readonly Reset: readonly (readonly string[])[];
}

export interface Answer {
  readonly object?: Held;
  readonly error?: string;
  readonly causes?: readonly StatusCause[];
}

interface Type extends Kind {
  readonly typeName: string;
  readonly hasStatus: boolean;
}

const types: readonly Type[] = [
  { Group: '', Version: 'v1', Kind: 'ConfigMap', typeName: 'core.v1.ConfigMap', hasStatus: false },
  { Group: '', Version: 'v1', Kind: 'PersistentVolumeClaim', typeName: 'core.v1.PersistentVolumeClaim', hasStatus: true },
  { Group: '', Version: 'v1', Kind: 'Pod', typeName: 'core.v1.Pod', hasStatus: true },
  { Group: '', Version: 'v1', Kind: 'Service', typeName: 'core.v1.Service', hasStatus: true },
  { Group: '', Version: 'v1', Kind: 'ServiceAccount', typeName: 'core.v1.ServiceAccount', hasStatus: false },
  { Group: 'apps', Version: 'v1', Kind: 'Deployment', typeName: 'apps.v1.Deployment', hasStatus: true },
  { Group: 'networking.k8s.io', Version: 'v1', Kind: 'NetworkPolicy', typeName: 'networking.v1.NetworkPolicy', hasStatus: false },
];

export function apiVersionOf({ Group, Version }: Pick<Kind, 'Group' | 'Version'>): string {
  return Group ? `${Group}/${Version}` : Version;
}

/** Fields that tell items apart: whose junk upstream shows in a spelling of its own. */
const isKey = /^(name|uid|ip|type|port|protocol|containerPort|mountPath|devicePath|topologyKey|conditionType|key)$/;

/** One object and what several writers do to it, one step at a time. */
export class History {
  readonly #documents: Documents;
  readonly #type: Type;
  /** What each manager applied last. */
  readonly #configs = new Map<string, Document>();
  #live: Held = {};
  #asked: Question | undefined;

  constructor(documents: Documents) {
    this.#documents = documents;
    this.#type = documents.pick(types);
  }

  next(): Question {
    this.#asked = this.#documents.chance(0.6) ? this.#apply() : this.#update();
    return this.#asked;
  }

  /** The object lives on as upstream left it, with times that tell one step from the next. */
  went({ object }: Answer): void {
    if (!object || !this.#asked) return;
    const { Ask, Manager, Object: config } = this.#asked;
    if (Ask === 'apply') this.#configs.set(Manager, config);
    const managedFields = object.metadata?.managedFields?.map((entry, i) => ({ ...entry, time: `2026-01-01T00:00:0${i % 10}Z` }));
    this.#live = { ...object, metadata: { ...object.metadata, uid: 'u', ...(managedFields ? { managedFields } : {}) } };
  }

  #question(asked: Pick<Question, 'Ask' | 'Manager' | 'Object'>): Question {
    const { hasStatus, ...kind } = this.#type;
    const Subresource = hasStatus && this.#live.metadata?.uid && this.#documents.chance(0.2) ? 'status' : '';
    const Reset = Subresource ? [['spec'], ['metadata', 'labels']] : hasStatus ? [['status']] : [];
    return { ...kind, ...asked, Subresource, Live: this.#live, Force: this.#documents.chance(0.4), Reset };
  }

  #apply(): Question {
    const { pick, chance } = this.#documents.choices;
    const Manager = pick(['a', 'b', 'c', 'kubectl']);
    const last = this.#configs.get(Manager) ?? pick([...this.#configs.values(), undefined]);
    const { typeName } = this.#type;
    const config = last && chance(0.85) ? this.#documents.changed(last, typeName) : this.#documents.ofType(typeName);
    return this.#question({ Ask: 'apply', Manager, Object: this.#named(chance(0.1) ? this.#spoilt(config) : config) });
  }

  #update(): Question {
    const { pick, chance } = this.#documents.choices;
    const { typeName } = this.#type;
    const { metadata: { managedFields: _, ...metadata } = {}, ...rest } = this.#live;
    const live = { ...rest, metadata };
    const object = chance(0.1) ? live : this.#documents.changed(live, typeName);
    return this.#question({ Ask: 'update', Manager: pick(['a', 'b', 'u', 'v', 'w']), Object: this.#named(object) });
  }

  #named({ metadata, ...object }: Held): Held {
    const { managedFields: _, uid: __, ...named } = metadata ?? {};
    const { Kind } = this.#type;
    // Nobody has one without: what Go makes of none does not matter.
    const { spec } = object as { spec?: Document };
    if (Kind === 'Deployment' && Object.keys((spec?.selector as object) ?? {}).length === 0)
      object.spec = { ...spec, selector: { matchLabels: { a: 'a' } } };
    return { ...object, apiVersion: apiVersionOf(this.#type), kind: Kind, metadata: { ...named, name: 'x', namespace: 'n' } };
  }

  /** With something in it that no writer should send. */
  #spoilt(config: Document): Document {
    const { pick, chance } = this.#documents.choices;
    if (chance(0.4)) return { ...config, [pick(['nothing', 'spec', 'data', 'status'])]: pick<unknown>([1, 'x', [], {}, { a: 1 }]) };
    const spoil = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(spoil);
      if (typeof value !== 'object' || value === null) return chance(0.1) ? pick<unknown>([null, 1, 'x', true, [], {}]) : value;
      const spoilt = Object.entries(value).map(([name, inner]) => [
        name,
        chance(0.1) && !isKey.test(name) ? pick([null, [], {}]) : spoil(inner),
      ]);
      return Object.fromEntries(spoilt);
    };
    return spoil(config) as Document;
  }
}
