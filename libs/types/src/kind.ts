/** What a program needs to know of a kind to name it, find it and ask for it. `T` is the object's type. */
export interface Kind<T = unknown> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** `v1`, `apps/v1`. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly listKind: string;
  /** The plural in URLs; empty for a kind that is only the body of a subresource (Scale, Eviction, TokenRequest). */
  readonly resource: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** False for reviews and the like, which are answered and forgotten. */
  readonly stored: boolean;
  /** The key of its schema: `core.v1.Pod`. */
  readonly typeName: string;
  /** Never set: it ties the descriptor to the type. */
  readonly _type?: T;
}

/** The object a descriptor stands for: `ObjectOf<typeof Pod>` is `Pod`. */
export type ObjectOf<K> = K extends Kind<infer T> ? T : never;

/** What distinguishes one kind; the rest of the descriptor follows from it. */
export interface KindFacts {
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
  readonly resource: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly namespaced?: boolean;
  readonly stored?: boolean;
  readonly typeName: string;
}

export function kind<T>(facts: KindFacts): Kind<T> {
  const { group = '', version = 'v1', shortNames = [], categories = [], namespaced = true, stored = true } = facts;
  return Object.freeze({
    group,
    version,
    apiVersion: group === '' ? version : `${group}/${version}`,
    kind: facts.kind,
    listKind: `${facts.kind}List`,
    resource: facts.resource,
    singular: facts.kind.toLowerCase(),
    shortNames,
    categories,
    namespaced,
    stored,
    typeName: facts.typeName,
  });
}
