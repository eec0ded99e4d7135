import type { PatchSchemas } from '@keelson/machinery';
import type { AnyObject } from '../types.ts';

/** Which objects a patch is for; names and kinds are regular expressions that must match whole. */
export interface PatchTarget {
  readonly group?: string;
  readonly version?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly annotationSelector?: string;
}

export interface Patch {
  readonly path?: string;
  readonly patch?: string;
  readonly target?: PatchTarget;
  readonly options?: { readonly allowNameChange?: boolean; readonly allowKindChange?: boolean };
}

export interface GeneratorOptions {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly disableNameSuffixHash?: boolean;
  readonly immutable?: boolean;
}

export interface Generator {
  readonly name?: string;
  readonly namespace?: string;
  readonly behavior?: 'create' | 'merge' | 'replace';
  readonly files?: readonly string[];
  readonly literals?: readonly string[];
  readonly env?: string;
  readonly envs?: readonly string[];
  readonly options?: GeneratorOptions;
  /** Of Secrets. */
  readonly type?: string;
}

export interface Image {
  readonly name: string;
  readonly newName?: string;
  readonly newTag?: string;
  readonly tagSuffix?: string;
  readonly digest?: string;
}

export interface Labels {
  readonly pairs?: Readonly<Record<string, string>>;
  readonly includeSelectors?: boolean;
  readonly includeTemplates?: boolean;
}

/** How a value stands in a longer text, and whether a field is made. */
export interface ReplacementOptions {
  readonly delimiter?: string;
  readonly index?: number;
  readonly create?: boolean;
}

export interface ReplacementSource extends PatchTarget {
  readonly fieldPath?: string;
  readonly options?: ReplacementOptions;
}

export interface ReplacementTarget {
  readonly select?: PatchTarget;
  readonly reject?: readonly PatchTarget[];
  readonly fieldPaths?: readonly string[];
  readonly options?: ReplacementOptions;
}

/** One entry of `replacements:`. */
export interface Replacement {
  readonly path?: string;
  readonly source?: ReplacementSource;
  readonly sourceValue?: string;
  readonly targets?: readonly ReplacementTarget[];
}

/** What a kustomization file says, as far as it is understood. */
export interface Kustomization {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly resources?: readonly string[];
  readonly bases?: readonly string[];
  readonly components?: readonly string[];
  readonly namePrefix?: string;
  readonly nameSuffix?: string;
  readonly namespace?: string;
  readonly commonLabels?: Readonly<Record<string, string>>;
  readonly labels?: readonly Labels[];
  readonly commonAnnotations?: Readonly<Record<string, string>>;
  readonly images?: readonly Image[];
  readonly replicas?: readonly { readonly name: string; readonly count: number }[];
  readonly configMapGenerator?: readonly Generator[];
  readonly secretGenerator?: readonly Generator[];
  readonly generatorOptions?: GeneratorOptions;
  readonly patches?: readonly Patch[];
  readonly patchesStrategicMerge?: readonly string[];
  readonly patchesJson6902?: readonly Patch[];
  readonly replacements?: readonly Replacement[];
  readonly sortOptions?: { readonly order?: string };
}

/** What an object was called at some time while it was made. */
export interface Name {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}

/** One object on its way through the kustomizations that hold it. Its `object` is changed in place, and is nobody else's. */
export interface Resource {
  object: AnyObject;
  /** All its names, the first one first; references are found by any of them. */
  readonly names: Name[];
  /** Prefixes and suffixes it was given: references prefer who was given the same. */
  readonly affixes: string[];
  /** A hash of its contents will be appended to its name. */
  hashed: boolean;
}

/** Files, as paths that are resolved already. */
export interface Files {
  /** @throws Error `open PATH: no such file or directory` */
  read(path: string): Buffer;
  /** `undefined` where nothing is. */
  kindOf(path: string): 'file' | 'folder' | undefined;
  join(folder: string, path: string): string;
}

/** What a build needs of the world. */
export interface Surroundings {
  readonly files: Files;
  readonly schemas: PatchSchemas;
  /** The type name of a built-in kind. */
  typeName(apiVersion: string, kind: string): string | undefined;
  warn(text: string): void;
}

/** Namespace as it counts for the comparison of names. */
export function nameOf({ kind = '', metadata }: AnyObject): Name {
  return { kind, name: metadata?.name ?? '', namespace: metadata?.namespace ?? '' };
}

export function groupOf({ apiVersion = '' }: AnyObject): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
}

/** Remembers what an object is called before it is called something else. */
export function rename(resource: Resource, change: () => void): void {
  const before = nameOf(resource.object);
  change();
  const after = nameOf(resource.object);
  if (before.name !== after.name || before.namespace !== after.namespace || before.kind !== after.kind) resource.names.push(after);
}

export function resource(object: AnyObject, hashed = false): Resource {
  return { object, names: [nameOf(object)], affixes: [], hashed };
}
