import { Reader, toInt, type WireValue } from '../../../http/protobuf/protobuf-wire.ts';
import type { KmsStatus, SealedSeed } from './types.ts';

/** How the key that sealed a value follows from what the service opens. */
export const sourceTypes = { key: 0, seed: 1 } as const;

/** What lies in the store, behind the prefix: the value, sealed, and the seed of its key, sealed by the service. */
export interface Envelope {
  readonly data: Buffer;
  readonly seed: SealedSeed;
  /** One of `sourceTypes`. */
  readonly sourceType: number;
}

export function encodeEnvelope({ data, seed, sourceType }: Envelope): Buffer {
  const annotations = annotationFields(4, seed.annotations);
  return Buffer.concat([
    bytesField(1, data),
    textField(2, seed.keyID),
    bytesField(3, seed.ciphertext),
    ...annotations,
    intField(5, sourceType),
  ]);
}

/** @throws Error for what is no envelope. */
export function decodeEnvelope(bytes: Buffer): Envelope {
  const fields = new Reader(bytes).fields();
  const envelope = {
    data: bytesOf(fields.get(1)),
    seed: { keyID: textOf(fields.get(2)), ciphertext: bytesOf(fields.get(3)), annotations: annotationsOf(fields.get(4)) },
    sourceType: toInt(fields.get(5)?.at(-1)),
  };
  if (envelope.sourceType !== sourceTypes.key && envelope.sourceType !== sourceTypes.seed)
    throw new Error(`unknown encryptedDEKSourceType: ${envelope.sourceType}`);
  if (envelope.data.length === 0) throw new Error('encrypted data is empty');
  return envelope;
}

export function decodeStatus(bytes: Buffer): KmsStatus {
  const fields = new Reader(bytes).fields();
  return { version: textOf(fields.get(1)), healthz: textOf(fields.get(2)), keyID: textOf(fields.get(3)) };
}

export function encodeEncrypt(plaintext: Buffer, uid: string): Buffer {
  return Buffer.concat([bytesField(1, plaintext), textField(2, uid)]);
}

export function decodeEncrypted(bytes: Buffer): SealedSeed {
  const fields = new Reader(bytes).fields();
  return { ciphertext: bytesOf(fields.get(1)), keyID: textOf(fields.get(2)), annotations: annotationsOf(fields.get(3)) };
}

export function encodeDecrypt({ ciphertext, keyID, annotations }: SealedSeed, uid: string): Buffer {
  return Buffer.concat([bytesField(1, ciphertext), textField(2, uid), textField(3, keyID), ...annotationFields(4, annotations)]);
}

export function decodeDecrypted(bytes: Buffer): Buffer {
  return bytesOf(new Reader(bytes).fields().get(1));
}

function annotationFields(field: number, annotations: ReadonlyMap<string, Buffer>): Buffer[] {
  return [...annotations].map(([name, value]) => bytesField(field, Buffer.concat([textField(1, name), bytesField(2, value)])));
}

function annotationsOf(values: readonly WireValue[] = []): ReadonlyMap<string, Buffer> {
  return new Map(
    values.map((value) => {
      const entry = new Reader(value as Buffer).fields();
      return [textOf(entry.get(1)), bytesOf(entry.get(2))];
    }),
  );
}

function bytesOf(values: readonly WireValue[] | undefined): Buffer {
  return (values?.at(-1) as Buffer | undefined) ?? Buffer.alloc(0);
}

function textOf(values: readonly WireValue[] | undefined): string {
  return bytesOf(values).toString();
}

function textField(field: number, text: string): Buffer {
  return bytesField(field, Buffer.from(text));
}

/** What is empty is left out, as proto3 has it. */
function bytesField(field: number, bytes: Buffer): Buffer {
  return bytes.length === 0 ? bytes : Buffer.concat([varint((field << 3) | 2), varint(bytes.length), bytes]);
}

function intField(field: number, value: number): Buffer {
  return value === 0 ? Buffer.alloc(0) : Buffer.concat([varint(field << 3), varint(value)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}
