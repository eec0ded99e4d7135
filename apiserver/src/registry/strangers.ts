import { loadSchemas } from '@keelson/types/schemas';
import { decodeProtobuf } from '../http/protobuf/protobuf.ts';
import { encodeStored, isEncoded } from './wire.ts';

/** The kind whose objects lie at a key. */
export interface KeyedKind {
  readonly kind: string;
  readonly apiVersion: string;
  /** Fills in what an older server did not know of. */
  defaults?(object: object): void;
}

interface Stored {
  readonly metadata: object;
  readonly kind: string;
  readonly apiVersion: string;
}

/**
 * What upstream's API server has put into the store, protobuf or JSON, as we would have stored it: so that one can take the other's place
 * over the same etcd. Built-in kinds get the version that is theirs here, and defaults, as upstream gives them to what it reads. Whatever is
 * no object stays as it is.
 */
export function fromStrangers(kindAt: (key: string) => KeyedKind | undefined): (key: string, value: Buffer) => Promise<Buffer> | undefined {
  return (key, value) => (isEncoded(value) ? undefined : translated(value, kindAt(key)));
}

/** What cannot be read, or not be completed, stays as it is too: one object must not keep the others from being read. */
async function translated(value: Buffer, known: KeyedKind | undefined): Promise<Buffer> {
  try {
    const object = await parsed(value);
    if (!isStored(object)) return value;
    if (known?.kind === object.kind) known.defaults?.(object);
    return encodeStored(object, known?.kind ?? object.kind, known?.apiVersion ?? object.apiVersion);
  } catch {
    return value;
  }
}

async function parsed(value: Buffer): Promise<unknown> {
  return value[0] === 0x7b ? JSON.parse(value.toString()) : decodeProtobuf(value, await loadSchemas());
}

function isStored(value: unknown): value is Stored {
  const { metadata, kind, apiVersion } = (value ?? {}) as Partial<Stored>;
  return typeof metadata === 'object' && metadata !== null && typeof kind === 'string' && typeof apiVersion === 'string';
}
