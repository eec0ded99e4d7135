import type { KubeObject } from '@keelson/client';
import { invalid } from '@keelson/machinery';
import type { KindDefinition } from '../kinds/types.ts';
import type { KindStore } from './kind-store.ts';
import { encodeStored, withRevision } from './wire.ts';
import type { Writable } from './write.ts';

/**
 * What a client sent in the store's version, filled in, as it is stored.
 * @param current what is there, in the stored version; absent on a create.
 * @throws StatusError Invalid for what is wrong in this version alone.
 */
export function toStored(store: KindStore, object: Writable, current?: Writable): Writable {
  const { definition, hub } = store;
  definition.defaults?.(object);
  const { version } = definition;
  if (!version) return object;
  check(definition, object, current && (fromStored(store, current) as Writable));
  const stored = version.toStored(object) as Writable;
  stored.kind = hub.kind.kind;
  stored.apiVersion = hub.kind.apiVersion;
  hub.definition.defaults?.(stored);
  return stored;
}

function check({ kind, version, validate, validateUpdate }: KindDefinition, object: Writable, old: Writable | undefined): void {
  const change = old ? validateUpdate?.(object, old) : version?.validateCreate?.(object);
  const errors = [...(validate?.(object) ?? []), ...(change ?? [])];
  if (errors.length > 0) throw invalid({ group: kind.group, kind: kind.kind }, object.metadata.name ?? '', errors);
}

/** An object as it is stored, in the version of `store`. */
export function fromStored({ definition, kind }: KindStore, stored: KubeObject): KubeObject {
  const version = definition.version as { fromStored(object: KubeObject): KubeObject } | undefined;
  if (!version) return stored;
  return { ...version.fromStored(stored), kind: kind.kind, apiVersion: kind.apiVersion };
}

/** The stored version's bytes with their revision → the bytes clients of this version read. */
export function servedBytes(store: KindStore, wire: Buffer): Buffer {
  if (!store.definition.version) return wire;
  const object = fromStored(store, JSON.parse(wire.toString()) as KubeObject) as Writable;
  return withRevision(encodeStored(object, store.kind.kind, store.kind.apiVersion), Number(object.metadata.resourceVersion));
}
