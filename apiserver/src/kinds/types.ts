import type { Clock, Random } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import type { FieldError } from '@keelson/machinery';
import type { Kind } from '@keelson/types';
import type { UserInfo } from '../auth/types.ts';

/**
 * A kind is data: names, defaults, validation, update rules, columns. The registry engine knows kinds only through this. All functions
 * are pure over the objects they are given; those that return nothing change their argument in place.
 */
export interface KindDefinition<T extends KubeObject = KubeObject> {
  readonly kind: Kind<T>;
  /** The schema of a kind that is not built in, as its definition spells it. */
  readonly schema?: object | undefined;
  /** For a version that is served but not stored. Prefix, claims and rules of writing are then the stored version's. */
  readonly version?: ServedVersion<T>;
  /** Where it is stored; `/registry/<resource>/` unless told. Ends with a slash; one or two segments below /registry/. */
  readonly prefix?: string;
  /** Verbs offered; all eight unless told. A kind that `answer`s is not stored. */
  readonly verbs?: readonly Verb[];
  /** What discovery tells of them, in its order; those that are served, sorted, unless told. */
  readonly toldVerbs?: readonly Verb[];
  /** What everybody is warned of who asks for it in this version. */
  readonly deprecation?: string | undefined;
  /** Answers all verbs of a kind that is not stored (reviews); what it is given, `ServedKind` says. */
  readonly answer?: Handler;
  /** Messages for what is wrong with a name (with `prefix`: with a generateName's prefix). DNS subdomain unless told. */
  name?(value: string, prefix: boolean): readonly string[];
  /** Fills what the client left out. Runs on every decoded object, before admission. */
  defaults?(object: T): void;
  /** Drops what upstream takes only behind a feature gate that 1.36 has off, as it does: without a word. @param old what an update finds. */
  dropUnserved?(object: T, old?: T): void;
  /** Runs once on create: drops what clients may not set (a status), sets what the server starts with. */
  prepareCreate?(object: T, context: WriteContext): void;
  /** Runs on updates of the main resource, after the engine put back status. */
  prepareUpdate?(next: T, old: T, context: WriteContext): void;
  /** @param old what an update finds: some things that may not come may stay. */
  validate?(object: T, old?: T): FieldError[];
  /** Immutable fields and transitions; `validate(next)` runs as well. */
  validateUpdate?(next: T, old: T): FieldError[];
  /** What is taken though it is probably not what was meant: told to who creates, or updates the main resource. */
  warnings?(next: T, old: T | undefined): readonly string[];
  /** Whether there is a `status` subresource, and its rules. */
  readonly status?: StatusRules<T> | undefined;
  readonly scale?: ScaleRules<T> | undefined;
  /** Subresources that are the whole object, of which an update changes one part: `ephemeralcontainers`, `resize`. */
  readonly parts?: Readonly<Record<string, PartRules<T>>>;
  /** Other subresources by path (`binding`, `log`, `token`, …). */
  readonly subresources?: Readonly<Record<string, Subresource>>;
  /** Fields by which lists and watches may select, besides metadata.name and metadata.namespace. */
  readonly selectableFields?: Readonly<Record<string, (object: T) => string>>;
  /** Those of them that many watchers pin to one value. */
  readonly indexedFields?: readonly string[];
  readonly columns?: readonly Column<T>[];
  readonly deletion?: DeletionRules<T>;
  /** Objects disappear by themselves after this long (events). */
  readonly ttlSeconds?: number;
  /** PUT of a name that does not exist creates it. */
  readonly createOnUpdate?: boolean;
  /** True when an update must name the resourceVersion it changes. */
  readonly conditionalUpdateOnly?: boolean;
  /** Whether finalizers may have any qualified name: those of other kinds say whose they are, or are Kubernetes' own. */
  readonly anyFinalizers?: boolean;
  /** Whether metadata.generation counts the changes of what is wanted; as there is a status, unless told. */
  readonly generation?: boolean;
  /** Values of which the cluster has one each (addresses, ports): no two objects hold the same. */
  claims?(object: T): readonly string[];
  /** Before a write: fills in such values where they are left open, and tells of those that are taken. */
  assign?(next: T, old: T | undefined, context: AssignContext): FieldError[];
  readonly markers?: Markers<T>;
}

/** Objects of another kind by which all servers over one store know what is claimed: a name is taken while one of it is there. */
export interface Markers<T extends KubeObject> {
  /** Cluster-scoped. */
  readonly kind: Kind<KubeObject>;
  /** Which of the object's claims are marked. */
  names(object: T): readonly string[];
  make(name: string, object: T): KubeObject;
  /** Whose claim a marker stands for; undefined when somebody else made it. */
  owner(marker: KubeObject): { readonly namespace: string; readonly name: string } | undefined;
}

/**
 * A version of a kind beside the stored one, as a pair of pure functions. They leave their argument as it is, and may share parts of it
 * with their result. Kind and apiVersion are set by the engine.
 */
export interface ServedVersion<T extends KubeObject> {
  /** The version that is stored. It stands in the list of kinds, too. */
  readonly of: Kind;
  toStored(object: T): KubeObject | Promise<KubeObject>;
  fromStored(stored: never): T;
  /** As `fromStored`, of a copy that is only looked at: nothing is filled in. Absent where nothing ever is. */
  unfilled?(stored: KubeObject): Promise<KubeObject>;
  /** Does what takes time before `fromStored` is asked for these: for versions that somebody else converts. */
  prepare?(stored: readonly KubeObject[]): Promise<void>;
  /** What this version asks of new objects, besides what it asks of all. */
  validateCreate?(object: T): FieldError[];
  /** Selectable fields as this version names them, and the stored version's name for each. */
  readonly selectableFields?: Readonly<Record<string, string>>;
}

/** Of requests of which nothing is known here. */
type Handler = (request: never) => Promise<void>;

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

export interface WriteContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly user: UserInfo;
}

export interface AssignContext extends WriteContext {
  /** True when another object holds the value. */
  isTaken(value: string): boolean;
  /** Families that services can have, the default first: those of the ranges the server was started with. */
  readonly families: readonly ('IPv4' | 'IPv6')[];
  /** Ranges that are given out at the moment, as CIDRs. */
  readonly ranges: readonly string[];
  readonly nodePorts: { readonly from: number; readonly to: number };
}

export interface StatusRules<T> {
  /** Whether a status that comes with a create is kept; it is dropped unless told. */
  readonly keepOnCreate?: boolean;
  /** What a write of the status leaves as it was, besides the owners: labels, or annotations and finalizers as well. */
  readonly leaves?: 'labels' | 'metadata';
  prepareUpdate?(next: T, old: T, context: WriteContext): void;
  validateUpdate?(next: T, old: T): FieldError[];
}

export interface PartRules<T> {
  /** The present object with what this part takes of the one that was asked for. */
  take(asked: T, old: T, context: WriteContext): T;
  validateUpdate?(next: T, old: T): FieldError[];
}

/** How `autoscaling/v1 Scale` maps onto the kind. */
export interface ScaleRules<T> {
  /** Where the replicas are: `.spec.replicas`. */
  readonly path: string;
  /** @throws StatusError where there are none. */
  replicas(object: T): number;
  /** Of kinds that may have none. */
  isSet?(object: T): boolean;
  setReplicas(object: T, replicas: number): void;
  statusReplicas(object: T): number;
  /** Label selector in its string form. */
  selector(object: T): string;
}

export interface DeletionRules<T> {
  /** Seconds between the request to delete and the removal; 0 removes at once. `requested` is absent when the client left it open. */
  graceSeconds?(object: T, requested: number | undefined): number;
  /** Runs when deletionTimestamp is first set. */
  mark?(object: T): void;
  /** Reasons besides metadata.finalizers why the object must stay. */
  pending?(object: T): boolean;
  /** The answer to an immediate delete is the object, not a Status. */
  readonly returnsObject?: boolean;
  /** What `propagationPolicy` means when the client left it open; `Unsupported` where it means nothing, whatever the client says. */
  readonly defaultPolicy?: 'Orphan' | 'Background' | 'Unsupported';
}

export interface Column<T> {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  readonly description?: string;
  /** 0 is always shown, 1 only in wide output. */
  readonly priority?: number;
  /** `now` in milliseconds. */
  cell(object: T, now: number): string | number | boolean | null;
}

/** What the registry's side knows of it; how it is answered, `ServedSubresource` says. */
export interface Subresource {
  /** HTTP verbs in Kubernetes' terms, in discovery order. */
  readonly verbs: readonly Verb[];
  /** Takes every HTTP method, HEAD and OPTIONS among them. */
  readonly anyMethod?: boolean;
  /** The kind that goes in and comes out, where it is not the parent's. */
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
}
