import { type ClientRequest, type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { errorMessage } from '@keelson/base';
import { serviceUnavailable } from '@keelson/machinery';
import type { UserInfo } from '../../auth/types.ts';
import { failureText } from '../failures.ts';
import type { Backend, Backends } from './backends.ts';
import { returnedHeaders, upgradeHeaders } from './headers.ts';

/** A connection that wants to leave HTTP. */
export interface Leaving {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What the client sent after its request's head. */
  readonly head: Buffer;
  readonly user: UserInfo;
}

/** Whether a request to leave HTTP can be handed on: it has no body, and does not only offer to speak HTTP/2. */
export function canLeave({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  const hasBody = Number(headers['content-length'] ?? 0) > 0 || headers['transfer-encoding'] !== undefined;
  return !hasBody && headers.upgrade !== undefined && headers.upgrade.toLowerCase() !== 'h2c';
}

/**
 * Asks the backend to leave HTTP as the client asked, and resolves to the backend's side of the tunnel with its answer already sent to
 * the client; undefined when it answered otherwise, which the client was told. @throws StatusError ServiceUnavailable.
 */
export async function leave(backends: Backends, backend: Backend, { request, socket, head, user }: Leaving): Promise<Duplex | undefined> {
  const { method = 'GET', url: path = '/' } = request;
  const headers = upgradeHeaders(request.headers, user, request.socket.remoteAddress);
  const outgoing = backends.open(backend, { method, path, headers, alone: true });
  socket.once('close', () => outgoing.destroy());
  const answer = await answerTo(outgoing).catch((error: unknown) => {
    throw serviceUnavailable(failureText(backend, error instanceof Error ? error : new Error(errorMessage(error))));
  });
  socket.write(headText(answer.message, answer.upstream !== undefined));
  if (!answer.upstream) {
    answer.message.pipe(socket);
    return undefined;
  }
  if (answer.head.length > 0) socket.write(answer.head);
  if (head.length > 0) answer.upstream.write(head);
  return answer.upstream;
}

interface Answer {
  readonly message: IncomingMessage;
  readonly upstream?: Duplex;
  readonly head: Buffer;
}

function answerTo(outgoing: ClientRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    outgoing.once('upgrade', (message, upstream, head) => resolve({ message, upstream, head }));
    outgoing.once('response', (message) => resolve({ message, head: Buffer.alloc(0) }));
    outgoing.on('error', reject);
    outgoing.once('close', () => reject(new Error('the connection was closed')));
    outgoing.end();
  });
}

/** The head of the backend's answer, for a connection on which nothing else will be asked. */
function headText(message: IncomingMessage, left: boolean): string {
  const code = message.statusCode ?? 502;
  const lines = [`HTTP/1.1 ${code} ${STATUS_CODES[code] ?? 'Error'}`];
  for (const [name, value] of Object.entries(returnedHeaders(message.headers))) {
    for (const one of [value].flat()) lines.push(`${name}: ${one}`);
  }
  lines.push(...(left ? [`upgrade: ${message.headers.upgrade ?? ''}`, 'connection: Upgrade'] : ['connection: close']));
  return `${lines.join('\r\n')}\r\n\r\n`;
}
