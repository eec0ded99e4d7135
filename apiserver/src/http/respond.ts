import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { HttpRequestLike, HttpResponseLike } from '@keelson/client';
import { goQuote, internalError, StatusError, serviceUnavailable, toYaml } from '@keelson/machinery';
import type { Status } from '@keelson/types';
import type { Trail } from '../audit/trail.ts';
import { inert } from '../auth/authorize.ts';
import type { ListBytes } from '../registry/wire.ts';
import { StoreError } from '../storage/types.ts';
import { type Encoding, statusEncoding } from './negotiate.ts';
import type { PlainFault } from './plain-fault.ts';
import { protobufEncoder, protobufType } from './protobuf/protobuf-encode.ts';

const compress = promisify(gzip);
/** Bodies below this size are not worth compressing; upstream's threshold, in bytes. */
const gzipFrom = 128 * 1024;
const prettyAgents = /^(curl|Wget|Mozilla\/5\.0)/;

export interface Answer {
  readonly request: HttpRequestLike;
  readonly response: HttpResponseLike;
  readonly query: URLSearchParams;
  /** What JSON is turned into. */
  readonly encoding?: Encoding;
  /** Media type of bytes that are not to be touched; JSON unless told. */
  readonly type?: string;
  /** Where the request is told of. */
  readonly audit?: Trail | undefined;
}

/** Sends JSON bytes that are ready; YAML, protobuf, indentation and gzip only where the client asks. */
export async function sendBytes(answer: Answer, code: number, wire: Buffer): Promise<void> {
  const { encoding = 'json', type = 'application/json', audit } = answer;
  if (type.startsWith('application/json')) audit?.answered(wire);
  if (encoding === 'yaml') return send(answer, code, Buffer.from(toYaml(JSON.parse(wire.toString()))), 'application/yaml');
  if (encoding === 'protobuf') return send(answer, code, (await protobufEncoder()).object(wire), protobufType);
  const indented = type.startsWith('application/json') && wantsIndent(answer.request, answer.query);
  await send(answer, code, indented ? Buffer.from(`${JSON.stringify(JSON.parse(wire.toString()), undefined, 2)}\n`) : wire, type);
}

async function send({ request, response }: Answer, code: number, whole: Buffer, type: string): Promise<void> {
  let body = whole;
  response.setHeader('content-type', type);
  if (body.length >= gzipFrom && takesGzip(request)) {
    body = await compress(body, { level: 1 });
    response.setHeader('content-encoding', 'gzip');
    response.setHeader('vary', 'Accept-Encoding');
  }
  if (response.destroyed) return;
  response.writeHead(code, { 'content-length': String(body.length) });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** Bytes of a long list that are written at once. */
const pieceSize = 128 * 1024;

/**
 * As `sendBytes`, a piece at a time where the client wants the bytes as they are: TLS copies what is written together, head and body
 * included, and a slow client keeps no more than a piece in memory.
 */
export async function sendList(answer: Answer, code: number, list: ListBytes): Promise<void> {
  const { request, response, query, encoding = 'json', audit } = answer;
  if (encoding === 'protobuf') {
    audit?.answered(list.whole());
    return send(answer, code, await (await protobufEncoder()).list(list.head, list.wires), protobufType);
  }
  const asItIs = encoding === 'json' && !audit && !response.keepsChunks && !wantsIndent(request, query) && !takesGzip(request);
  if (list.length < gzipFrom || !asItIs) return sendBytes(answer, code, list.whole());
  if (response.destroyed) return;
  response.writeHead(code, { 'content-type': 'application/json', 'content-length': String(list.length) });
  response.flushHeaders();
  const room = spare.pop() ?? Buffer.allocUnsafeSlow(pieceSize);
  for (const piece of list.pieces(room)) {
    await taken(response, piece);
    if (response.destroyed) return;
  }
  if (spare.length < mostSpare) spare.push(room);
  response.end();
}

/** Resolves when nobody needs the piece any more. */
function taken(response: HttpResponseLike, piece: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('close', done);
      resolve();
    };
    response.on('close', done);
    response.write(piece, done);
  });
}

/** Rooms of lists that are sent: fresh memory for each piece would cost as much as filling it. */
const spare: Buffer[] = [];
const mostSpare = 32;

export function sendJson(answer: Answer, code: number, value: unknown): Promise<void> {
  return sendBytes(answer, code, Buffer.from(`${JSON.stringify(value)}\n`));
}

/** Answers 500. */
export function sendFault(answer: Answer, uri: string, { message }: PlainFault): Promise<void> {
  answer.response.setHeader('x-content-type-options', 'nosniff');
  const text = inert(`Internal Server Error: ${goQuote(uri)}: ${message}`);
  return sendBytes({ ...answer, type: 'text/plain; charset=utf-8' }, 500, Buffer.from(`${text}\n`));
}

function takesGzip(request: HttpRequestLike): boolean {
  return String(request.headers['accept-encoding'] ?? '').includes('gzip');
}

function wantsIndent(request: HttpRequestLike, query: URLSearchParams): boolean {
  const asked = query.get('pretty');
  if (asked) return ['1', 't', 'T', 'true', 'TRUE', 'True'].includes(asked);
  return prettyAgents.test(String(request.headers['user-agent'] ?? ''));
}

/** Whatever was thrown as the Status to answer with: what is not a StatusError is the server's fault and says no more than its message. */
export function toStatus(error: unknown): { status: Status; code: number } {
  const { status, code } =
    error instanceof StatusError ? error : isUnavailable(error) ? serviceUnavailable(error.message) : internalError(error);
  return { status, code };
}

function isUnavailable(error: unknown): error is StoreError {
  return error instanceof StoreError && error.code === 'unavailable';
}

/** Answers with a Status, unless the answer has begun already: then the stream is cut. */
export async function sendError(answer: Answer, error: unknown): Promise<void> {
  const { status, code } = toStatus(error);
  if (answer.response.headersSent) {
    answer.response.destroy();
    return;
  }
  // What is left of a body that was too large is not worth reading: its connection cannot carry another request.
  if (code === 413) answer.response.setHeader('connection', 'close');
  if (status.details?.retryAfterSeconds) answer.response.setHeader('retry-after', String(status.details.retryAfterSeconds));
  const encoding = statusEncoding(answer.request.headers.accept?.toString());
  await sendJson({ ...answer, encoding }, code, status);
}
