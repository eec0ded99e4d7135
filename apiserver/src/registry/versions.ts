import type { KubeObject } from '@keelson/client';
import { copyOf, invalid } from '@keelson/machinery';
import type { KindDefinition } from '../kinds/types.ts';
import type { KindStore } from './kind-store.ts';
import { keepRest } from './prepare.ts';
import { encodeStored, withoutRevision, withRevision } from './wire.ts';
import type { Writable } from './writable.ts';

/**
 * What a client sent in the store's version, filled in, as it is stored.
 * @param current what is there, in the stored version; absent on a create.
 * @param subresource what of it the client writes: the rest stays as it is, whatever was sent.
 * @throws StatusError Invalid for what is wrong in this version alone.
 */
export function toStored(store: KindStore, object: Writable, current?: Writable, subresource = ''): Writable | Promise<Writable> {
  store.definition.defaults?.(object);
  return store.definition.version ? convertToStored(store, object, current, subresource) : object;
}

async function convertToStored(store: KindStore, object: Writable, current: Writable | undefined, subresource: string): Promise<Writable> {
  const { definition, hub } = store;
  if (current) await definition.version?.prepare?.([current]);
  const old = current && (fromStored(store, copyOf(current)) as Writable);
  if (old) keepRest(store, object, old, subresource);
  check(definition, object, old);
  const stored = (await definition.version?.toStored(object)) as Writable;
  stored.kind = hub.kind.kind;
  stored.apiVersion = hub.kind.apiVersion;
  hub.definition.defaults?.(stored);
  return stored;
}

function check({ kind, version, validate, validateUpdate }: KindDefinition, object: Writable, old: Writable | undefined): void {
  const change = old ? validateUpdate?.(object, old) : version?.validateCreate?.(object);
  const errors = [...(validate?.(object) ?? []), ...(change ?? [])];
  const { group, kind: named } = version?.of ?? kind;
  if (errors.length > 0) throw invalid({ group, kind: named }, object.metadata.name ?? '', errors);
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
  const bytes = encodeStored(object, store.kind.kind, store.kind.apiVersion);
  const { resourceVersion } = object.metadata;
  // What is made only to be looked at has no revision.
  return resourceVersion === undefined ? withoutRevision(bytes) : withRevision(bytes, Number(resourceVersion));
}
