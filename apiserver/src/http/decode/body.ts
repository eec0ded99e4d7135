import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { errorMessage } from '@keelson/base';
import type { HttpRequestLike } from '@keelson/client';
import { badRequest, requestEntityTooLarge, StatusError, unsupportedMediaType } from '@keelson/machinery';
import type { Schemas } from '@keelson/types/schemas';
import { decodeProtobuf } from '../protobuf/protobuf.ts';
import { checkDepth } from './depth.ts';
import { jsonSource, noComplaints, type Source, yamlComplaints } from './field-faults.ts';
import { goJsonFault } from './json-fault.ts';
import { checkTypeMeta, type ExpectedBody, parseFault, unrecognized } from './type-meta.ts';
import { parseYamlAside } from './yaml-aside.ts';

/** The largest request body, in bytes, as upstream. */
const bodyLimit = 3 * 1024 * 1024;

/** Reads a body to its end. @throws StatusError RequestEntityTooLarge past 3 MiB; what was read is dropped. */
export async function readBody(request: HttpRequestLike): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > bodyLimit) throw tooLarge();
  if (request.headers['content-encoding'] !== 'gzip') return request instanceof Readable ? collectFlowing(request) : collect(request);
  try {
    return await collect(Readable.from(request).pipe(createGunzip()) as AsyncIterable<Buffer>);
  } catch (error) {
    throw error instanceof StatusError ? error : badRequest(`gzip: ${errorMessage(error)}`);
  }
}

/** Stops reading at the limit without closing the source: its connection must still carry the answer. */
async function collect(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const iterator = source[Symbol.asyncIterator]();
  const chunks: Buffer[] = [];
  let size = 0;
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
    size += next.value.length;
    if (size > bodyLimit) throw tooLarge();
    chunks.push(next.value);
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
}

/** As `collect`, for half of what it costs: nearly every body is one chunk. */
function collectFlowing(source: Readable): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let size = 0;
  const take = (chunk: Buffer): void => {
    size += chunk.length;
    chunks.push(chunk);
    if (size <= bodyLimit) return;
    source.off('data', take).pause();
    reject(tooLarge());
  };
  source.on('data', take);
  const left = (): void => reject(new Error('the client left in the middle of its request'));
  source.on('end', () => {
    // Every request is closed in the end: an error nobody wants costs its stack.
    source.off('close', left);
    resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
  });
  source.on('error', reject);
  if (source.destroyed) left();
  source.on('close', left);
  return promise;
}

function tooLarge(): Error {
  return requestEntityTooLarge(`limit is ${bodyLimit}`);
}

/** A body as plain data, and what else there is to say of its text. */
export interface ParsedBody {
  readonly value: unknown;
  readonly source: Source;
}

export const objectTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

/** @throws StatusError UnsupportedMediaType, or BadRequest for a body that does not parse, or is no object of a kind. */
export async function parseBody(
  body: Buffer,
  contentType: string | undefined,
  expected: ExpectedBody,
  strict: boolean,
  schemas: Schemas,
): Promise<ParsedBody> {
  const parsed = await parseAs(mediaType(contentType), body, expected, { strict, schemas });
  checkDepth(parsed.value);
  return parsed;
}

async function parseAs(
  type: string,
  body: Buffer,
  expected: ExpectedBody,
  { strict, schemas }: { readonly strict: boolean; readonly schemas: Schemas },
): Promise<ParsedBody> {
  if (type === 'application/json') {
    const text = body.toString();
    const value = checkTypeMeta(parseJson(text, body, expected), () => text, body, expected);
    return { value, source: strict ? jsonSource(text) : noComplaints };
  }
  if (type === 'application/vnd.kubernetes.protobuf') return { value: await decodeProtobuf(body, schemas), source: noComplaints };
  if (type !== 'application/yaml') throw unsupportedMediaType(objectTypes);
  const { value, duplicates } = await parseYamlAside(body.toString()).catch((error: Error) => {
    throw unrecognized(expected, error.message.replace(/^error converting YAML to JSON: /, ''), body);
  });
  const object = checkTypeMeta(value, () => JSON.stringify(value), body, expected);
  return { value: object, source: { type: 'yaml', complaints: strict ? yamlComplaints(duplicates) : [] } };
}

export function mediaType(contentType: string | undefined): string {
  return (contentType ?? 'application/json').split(';')[0]?.trim().toLowerCase() || 'application/json';
}

/** Half a character: Go has none, and puts U+FFFD in its place. */
const surrogate = /\\u[dD][89a-fA-F]/;

/** @param body what `text` was decoded from. */
function parseJson(text: string, body: Buffer, expected: ExpectedBody): unknown {
  try {
    return surrogate.test(text)
      ? JSON.parse(text, (_, value) => (typeof value === 'string' ? value.toWellFormed() : value))
      : JSON.parse(text);
  } catch {
    throw unrecognized(expected, parseFault(goJsonFault(body)), body);
  }
}
