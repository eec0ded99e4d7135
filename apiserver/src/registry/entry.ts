import type { KubeObject } from '@keelson/client';
import { isSealed } from '../storage/encryption/sealed.ts';
import type { Entry } from '../storage/types.ts';
import { isEncoded, withRevision } from './wire.ts';

export type Labels = Readonly<Record<string, string>>;

/** What selection needs to know of an object, kept beside its bytes so that reads never parse. */
export interface Indexed {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  /** Values of the kind's selectable fields, metadata.name and metadata.namespace included. */
  readonly fields: Labels;
  /** Values only this object may hold. */
  readonly claims: readonly string[];
}

/** One version of one object as the cache holds it. */
export interface CacheEntry extends Indexed {
  readonly key: string;
  readonly revision: number;
  /** What clients read. */
  readonly wire: Buffer;
}

/** Reads from an object of one kind what the index needs. Never throws, whatever the store holds. */
export type IndexReader = (object: KubeObject) => Indexed;

/** Parses stored bytes once, for the index. Undefined: they are no object (nobody but a stranger writes such). */
export function toEntry(key: string, stored: Buffer, revision: number, read: IndexReader): CacheEntry | undefined {
  const indexed = written.get(stored)?.indexed ?? indexOf(stored, read);
  if (!indexed) return undefined;
  const { namespace, name, labels, fields, claims } = indexed;
  return { key, revision, wire: wireOf(stored, revision), namespace, name, labels, fields, claims };
}

/** Why what is stored cannot be told, if it cannot. It may be sealed though nothing says how: no rule stands for its resource any more. */
export function faultOf({ fault, value }: Pick<Entry, 'fault' | 'value'>): Error | undefined {
  return fault ?? (isSealed(value) ? new Error('identity transformer tried to read encrypted data') : undefined);
}

/** What is known of bytes this process has made: what stands in them, and what clients read once they are stored. */
interface Known {
  readonly indexed: Indexed;
  wire?: { readonly revision: number; readonly bytes: Buffer };
}

/** What this process writes comes back from the store as the same Buffer: what is known of it then need not be made again. */
const written = new WeakMap<Buffer, Known>();

/** Remembers what stands in bytes about to be stored. */
export function remember(stored: Buffer, indexed: Indexed): void {
  written.set(stored, { indexed });
}

/** What clients read of stored bytes: for the answer to the write and for the cache the same Buffer. */
export function wireOf(stored: Buffer, revision: number): Buffer {
  const known = written.get(stored);
  if (known?.wire?.revision === revision) return known.wire.bytes;
  const bytes = withRevision(stored, revision);
  if (known) known.wire = { revision, bytes };
  return bytes;
}

function indexOf(stored: Buffer, read: IndexReader): Indexed | undefined {
  if (!isEncoded(stored)) return undefined;
  try {
    return read(JSON.parse(stored.toString()) as KubeObject);
  } catch {
    return undefined;
  }
}

/** What `sharedEntry` has parsed, for as long as the bytes are kept. */
const shared = new WeakMap<Buffer, KubeObject>();

/** The object, parsed once however often it is asked for. It is everybody's: frozen, all of it. */
export function sharedEntry<T extends KubeObject>({ wire }: Pick<CacheEntry, 'wire'>): Readonly<T> {
  const known = shared.get(wire);
  if (known) return known as T;
  const object = frozen(JSON.parse(wire.toString()) as T);
  shared.set(wire, object);
  return object;
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const one of Object.values(value)) frozen(one);
  return Object.freeze(value);
}

/** A fresh, private copy of the object, with its resourceVersion. */
export function parseEntry<T extends KubeObject>(entry: Pick<CacheEntry, 'wire'>): T {
  return JSON.parse(entry.wire.toString()) as T;
}
