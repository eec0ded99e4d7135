import type { Target } from './connections.ts';
import type { ClientRequest } from './types.ts';

/** A request as HTTP/1.1 writes it. The body is text. @throws TypeError, as Node's, when the path or a header would be read as something else. */
export function requestText(to: Target, request: ClientRequest): string {
  const { method, path, headers = {}, body } = request;
  if (/[^\x21-\x7e]/.test(path)) throw new TypeError('Request path contains unescaped characters');
  let text = `${method} ${path} HTTP/1.1\r\nhost: ${hostHeader(to)}\r\n`;
  for (const [name, value] of Object.entries(headers)) {
    if (/[^\t\x20-\x7e]/.test(value)) throw new TypeError(`Invalid character in header content ["${name}"]`);
    text += `${name}: ${value}\r\n`;
  }
  if (body !== undefined) text += `content-length: ${Buffer.byteLength(body)}\r\n`;
  return `${text}\r\n${body?.toString() ?? ''}`;
}

function hostHeader({ host, port, secure }: Target): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === (secure ? 443 : 80) ? name : `${name}:${port}`;
}
