import type { Clock, Logger, Random } from '@keelson/base';
import type { Api, KubeObject, ObjectKey } from '@keelson/client';
import type { Kind } from '@keelson/types';

/** `namespace/name`, or `name` for cluster-scoped objects. */
export type Key = string;

/**
 * The present state of one kind, kept by list and watch. Objects are shared: nobody changes them. A store is never emptied by a
 * broken watch; it keeps the last known state until the server answers again.
 */
export interface Store<T> {
  get(key: Key): T | undefined;
  /** All objects, or those of a namespace. */
  list(namespace?: string): readonly T[];
  /** Objects for which the named index yields `value`. @throws when no such index was declared. */
  byIndex(index: string, value: string): readonly T[];
  readonly size: number;
  /** The server's revision up to which everything is in here; undefined before the first list. */
  readonly resourceVersion: string | undefined;
}

/**
 * Computes the values under which an object is found. Pure. Written as a method, whose argument TypeScript compares both ways, so that
 * lists can hold index functions and triggers of different kinds.
 */
export type IndexFunction<T> = { index(object: T): readonly string[] }['index'];

/** A kind, whichever. */
export type AnyKind = Kind<unknown>;

export type AnyTrigger = Trigger<unknown>;

export interface InformerOptions<T> {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>;
  /** Applied to each object before it is stored, to drop what the process never reads. */
  readonly transform?: (object: T) => T;
}

export type Change<T> =
  | { readonly type: 'added'; readonly object: T }
  | { readonly type: 'updated'; readonly object: T; readonly old: T }
  | { readonly type: 'deleted'; readonly object: T };

/** One list+watch per kind and process, whoever asks. */
export interface Informer<T> {
  readonly store: Store<T>;
  /** Resolves when the first list has been stored. */
  readonly synced: Promise<void>;
  readonly hasSynced: boolean;
  /** Calls `handler` for every change from now on, and first with `added` for all that is already there. Returns the way out. */
  onChange(handler: (change: Change<T>) => void): () => void;
}

export interface Informers {
  /**
   * The shared informer of `kind`; started by `start`. Who names a selection (namespace, selectors) or transform must name the one of
   * the first asker; who names none takes what there is. Indexes are merged.
   */
  for<T extends KubeObject>(kind: Kind<T>, options?: InformerOptions<T>): Informer<T>;
  /**
   * Starts all informers asked for so far (and later ones at once) and resolves when they have synced. Rejects with the signal's
   * reason when it aborts before.
   */
  start(signal: AbortSignal): Promise<void>;
}

/** Names of the objects whose change makes a controller look at a key. */
export interface Trigger<T> {
  readonly kind: Kind<T>;
  /** Keys to reconcile when `object` changed. `store` reads the controller's own informers. */
  keys(object: T, stores: Stores): readonly Key[];
  /** Leaves out changes that cannot matter. */
  when?(change: Change<T>, stores: Stores): boolean;
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>;
}

export interface Stores {
  of<T>(kind: Kind<T>): Store<T>;
}

export interface ReconcileContext extends Stores {
  readonly api: Api;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly events: EventRecorder;
  readonly signal: AbortSignal;
}

/** When to look at the key again without being told. Nothing: when something changes. */
export type Outcome = { readonly again: number } | undefined;

/**
 * A controller: given a key, makes one step from the present state towards the wanted one. It states what it reads and writes;
 * the RBAC role, the informers and the documentation graph follow from that. A thrown error puts the key on its back-off.
 */
export interface ControllerDefinition {
  readonly name: string;
  readonly reads: readonly AnyKind[];
  /** Kinds it creates, updates or deletes, and `resource/subresource` strings, where `*` is any resource. `*` alone is every one, to read and to write. */
  readonly writes: readonly (AnyKind | string)[];
  readonly triggers: readonly AnyTrigger[];
  /** Keys reconciled at the same time; 5 unless told. */
  readonly workers?: number;
  /** Every key of the first trigger's kind is looked at again after this many milliseconds. */
  readonly resyncEvery?: number;
  reconcile(key: Key, context: ReconcileContext): Promise<Outcome>;
}

/** Writes Events, joining repeats into one with a rising count as Kubernetes' recorder does. Never throws, never blocks. */
export interface EventRecorder {
  event(
    about: KubeObject & { kind?: string | undefined; apiVersion?: string | undefined },
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    detail?: { fieldPath?: string },
  ): void;
}

export interface LeaderElectionOptions {
  readonly lease: ObjectKey;
  readonly identity: string;
  /** Milliseconds; Kubernetes' defaults are 15,000, 10,000 and 2,000. */
  readonly leaseDuration?: number;
  readonly renewDeadline?: number;
  readonly retryPeriod?: number;
}
