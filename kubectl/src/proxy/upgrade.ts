import { type IncomingMessage, request as plainRequest, STATUS_CODES } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { errorMessage } from '@keelson/base';
import type { HttpTransportOptions } from '@keelson/client';
import { authorization, tlsOptions } from '../stream/socket.ts';

/** The user's connection to the API server. */
export interface Upstream {
  readonly connection: HttpTransportOptions;
  /** Whom the user acts as. */
  readonly headers: Readonly<Record<string, string | string[]>>;
}

/** Leads a connection that is to change its protocol (exec, attach, port-forward) to the API server, as the user. */
export async function leadUpgrade(
  { method, headers }: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  path: string,
  { connection, headers: own }: Upstream,
): Promise<void> {
  const { host: _, authorization: __, ...passed } = headers;
  const url = new URL(connection.server.replace(/\/+$/, '') + path);
  const options = { method, headers: { ...passed, ...(await authorization(connection)), ...own }, agent: false };
  const outgoing =
    url.protocol === 'http:' ? plainRequest(url, options) : tlsRequest(url, { ...options, ...(await tlsOptions(connection)) });
  outgoing.on('upgrade', (response, other, first) => {
    socket.write(`${headOf(response)}\r\n`);
    socket.write(first);
    other.write(head);
    for (const [from, to] of [
      [socket, other],
      [other, socket],
    ] as const) {
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
      from.pipe(to);
    }
  });
  outgoing.on('response', (response) => {
    socket.write(`${headOf(response)}\r\n`);
    response.pipe(socket);
  });
  outgoing.on('error', (error) => refuseUpgrade(socket, 502, `Error trying to reach service: ${errorMessage(error)}`));
  socket.on('error', () => outgoing.destroy());
  outgoing.end();
}

/** Answers on a connection that was to be upgraded, and ends it. */
export function refuseUpgrade(socket: Duplex, code: number, message: string): void {
  socket.end(`HTTP/1.1 ${code} ${STATUS_CODES[code]}\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n\r\n${message}\n`);
}

/** An answer's first line and headers as they came; whoever cannot go on ends the connection after it. */
function headOf({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`];
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]?.toLowerCase() !== 'transfer-encoding') lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  return lines.map((line) => `${line}\r\n`).join('');
}
