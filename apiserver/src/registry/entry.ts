import type { KubeObject } from '@keelson/client';
import { withRevision } from './wire.ts';

export type Labels = Readonly<Record<string, string>>;

/** What selection needs to know of an object, kept beside its bytes so that reads never parse. */
export interface Indexed {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  /** Values of the kind's selectable fields, metadata.name and metadata.namespace included. */
  readonly fields: Labels;
}

/** One version of one object as the cache holds it. */
export interface CacheEntry extends Indexed {
  readonly key: string;
  readonly revision: number;
  /** What clients read. */
  readonly wire: Buffer;
}

export type FieldReader = (object: KubeObject) => Labels;

const none: Labels = {};

/** Parses stored bytes once, for the index. */
export function toEntry(key: string, stored: Buffer, revision: number, fieldsOf: FieldReader): CacheEntry {
  const object = JSON.parse(stored.toString()) as KubeObject & { metadata: { labels?: Labels } };
  const { name = '', namespace = '', labels = none } = object.metadata;
  return { key, revision, wire: withRevision(stored, revision), name, namespace, labels, fields: fieldsOf(object) };
}

/** A fresh, private copy of the object, with its resourceVersion. */
export function parseEntry<T extends KubeObject>(entry: Pick<CacheEntry, 'wire'>): T {
  return JSON.parse(entry.wire.toString()) as T;
}
