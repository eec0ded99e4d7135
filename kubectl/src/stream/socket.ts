import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import { ApiError, type HttpTransportOptions, throughProxy } from '@keelson/client';
import type { Status } from '@keelson/types';
import { WebSocket } from 'ws';

/**
 * Opens a WebSocket to the API server with the user's credentials.
 * @param protocols subprotocols, the best first.
 * @throws ApiError when the server refuses with a Status.
 */
export async function openSocket(
  options: HttpTransportOptions,
  path: string,
  protocols: readonly string[],
  headers: Readonly<Record<string, string | string[]>>,
): Promise<WebSocket> {
  const url = `${options.server.replace(/\/+$/, '').replace(/^http/, 'ws')}${path}`;
  const tls = await tlsOptions(options);
  const socket = new WebSocket(url, [...protocols], {
    headers: { ...(await authorization(options)), ...headers },
    ...tls,
    ...(options.proxyUrl ? { agent: proxied(url, options.proxyUrl, tls) } : {}),
    perMessageDeflate: false,
  });
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket));
    socket.once('error', reject);
    socket.once('unexpected-response', (_, response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => reject(refusal(response.statusCode ?? 0, Buffer.concat(chunks).toString())));
    });
  });
}

function proxied(url: string, proxyUrl: string, tls: ConnectionOptions): http.Agent {
  const through = throughProxy(proxyUrl);
  return url.startsWith('wss:') ? new https.Agent({ ...tls, ...through }) : new http.Agent(through);
}

/** How a server is believed, and what it is shown. */
export async function tlsOptions(options: HttpTransportOptions): Promise<ConnectionOptions> {
  const { cert, key } = (await options.certificateSource?.()) ?? { cert: options.certData, key: options.keyData };
  return {
    ...(options.caData ? { ca: options.caData } : {}),
    ...(cert && key ? { cert, key } : {}),
    ...(options.serverName ? { servername: options.serverName } : {}),
    rejectUnauthorized: !options.insecureSkipTLSVerify,
  };
}

/** The header that says who the user is, where a certificate does not. */
export async function authorization(options: HttpTransportOptions): Promise<Record<string, string>> {
  if (options.username !== undefined) {
    return { authorization: `Basic ${Buffer.from(`${options.username}:${options.password ?? ''}`).toString('base64')}` };
  }
  const token = (await options.tokenSource?.()) ?? (options.tokenFile ? (await readFile(options.tokenFile, 'utf8')).trim() : options.token);
  return token ? { authorization: `Bearer ${token}` } : {};
}

function refusal(code: number, body: string): Error {
  try {
    const status: Status = JSON.parse(body);
    if (status.kind === 'Status') return new ApiError(status, code);
  } catch {
    // Not a Status: the text is all there is.
  }
  return new Error(`unable to upgrade connection: ${body.trim() || `HTTP ${code}`}`);
}
