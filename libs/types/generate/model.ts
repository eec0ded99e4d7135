/** What the generator knows of Kubernetes' types, gathered from the npm packages and the catalogue. */

export type Shape =
  | { readonly is: 'string' | 'boolean' | 'any' }
  | { readonly is: 'number'; readonly format: string }
  | { readonly is: 'ref'; readonly to: string }
  | { readonly is: 'list' | 'map'; readonly of: Shape };

export interface Field {
  readonly name: string;
  readonly shape: Shape;
  readonly required: boolean;
  readonly description: string;
  /** Allowed values of the field, or of its items. */
  readonly values: readonly string[];
  /** `byte` for base64 strings; numbers carry theirs in the shape. */
  readonly format: string;
}

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface TypeModel {
  /** `core.v1.Pod`. */
  readonly typeName: string;
  /** The module it lands in: `core_v1`. */
  readonly module: string;
  readonly name: string;
  readonly description: string;
  readonly gvk: GroupVersionKind | undefined;
  readonly fields: readonly Field[];
}

/** Types by type name, in a stable order. */
export type Model = ReadonlyMap<string, TypeModel>;

export const isStable = (typeName: string): boolean => !/\.v\d+(alpha|beta)/.test(typeName);

const versionless: Readonly<Record<string, string>> = {
  'api.resource.Quantity': 'Quantity',
  'util.intstr.IntOrString': 'IntOrString',
  'runtime.RawExtension': 'RawExtension',
  'version.Info': 'VersionInfo',
};

/** Where a type goes and what it is called there: `core.v1.Pod` is `Pod` in `core_v1`. */
export function placeOf(typeName: string): { module: string; name: string } {
  const plain = versionless[typeName];
  if (plain !== undefined) return { module: 'meta_v1', name: plain };
  const [group = '', version = '', name = ''] = typeName.split('.');
  return { module: `${group}_${version}`, name };
}

/** Orders by code unit, so that the output is the same in every locale. */
export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export function sortedMap<T>(entries: Iterable<readonly [string, T]>): Map<string, T> {
  return new Map([...entries].sort(([a], [b]) => byText(a, b)));
}
