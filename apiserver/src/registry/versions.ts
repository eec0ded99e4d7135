import type { KubeObject } from '@keelson/client';
import { copyOf, invalid } from '@keelson/machinery';
import type { KindDefinition } from '../kinds/types.ts';
import type { KindStore } from './kind-store.ts';
import { encodeStored, withRevision } from './wire.ts';
import type { Writable } from './written.ts';

/**
 * What a client sent in the store's version, filled in, as it is stored.
 * @param current what is there, in the stored version; absent on a create.
 * @throws StatusError Invalid for what is wrong in this version alone.
 */
export function toStored(store: KindStore, object: Writable, current?: Writable): Writable | Promise<Writable> {
  store.definition.defaults?.(object);
  return store.definition.version ? convertToStored(store, object, current) : object;
}

async function convertToStored(store: KindStore, object: Writable, current: Writable | undefined): Promise<Writable> {
  const { definition, hub } = store;
  if (current) await definition.version?.prepare?.([current]);
  check(definition, object, current && (fromStored(store, copyOf(current)) as Writable));
  const stored = (await definition.version?.toStored(object)) as Writable;
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

/** Before objects are wanted in the version of `store`: lets whoever converts them do so. */
export function prepared({ definition }: KindStore, stored: readonly KubeObject[]): Promise<void> | undefined {
  return definition.version?.prepare?.(stored);
}

/** As `prepared`, from bytes. */
export function preparedBytes(store: KindStore, wires: readonly Buffer[]): Promise<void> | undefined {
  if (!store.definition.version?.prepare) return undefined;
  return prepared(
    store,
    wires.map((wire) => JSON.parse(wire.toString()) as KubeObject),
  );
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
