import { withoutBearers } from '../../auth/tokens/bearer.ts';
import type { UserInfo } from '../../auth/types.ts';

type Incoming = Readonly<Record<string, string | string[] | undefined>>;
export type Outgoing = Record<string, string | string[]>;

/** Headers that are between two neighbours, not for who is behind them. */
const hopByHop = ['connection', 'proxy-connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer', 'upgrade'];

/**
 * What the server behind is sent: the client's headers without its credentials, without claims to be somebody (which only this server
 * may make), and without what concerns the connection; and whom this server found the client to be.
 */
export function forwardedHeaders(headers: Incoming, user: UserInfo, client: string | undefined): Outgoing {
  const dropped = new Set([...hopByHop, ...namedBy(headers.connection), 'host', 'authorization', 'transfer-encoding']);
  const result: Outgoing = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || dropped.has(name) || name.startsWith('x-remote-') || name.startsWith('impersonate-')) continue;
    result[name] = value;
  }
  // The length of a body that comes in pieces is not known before its end.
  if (headers['transfer-encoding'] !== undefined) result['transfer-encoding'] = 'chunked';
  const before = result['x-forwarded-for'];
  if (client) result['x-forwarded-for'] = before ? `${String(before)}, ${client}` : client;
  return { ...result, ...identityHeaders(user) };
}

/** As `forwardedHeaders`, for a request to leave HTTP. */
export function upgradeHeaders(headers: Incoming, user: UserInfo, client: string | undefined): Outgoing {
  const result: Outgoing = { ...forwardedHeaders(headers, user, client), connection: 'Upgrade', upgrade: String(headers.upgrade ?? '') };
  const protocols = headers['sec-websocket-protocol'];
  // WebSocket clients may send their token as a subprotocol.
  if (protocols !== undefined) result['sec-websocket-protocol'] = withoutBearers(String(protocols));
  return result;
}

/** What the client is told of the answer's head. */
export function returnedHeaders(headers: Incoming): Outgoing {
  const dropped = new Set([...hopByHop, ...namedBy(headers.connection), 'transfer-encoding']);
  return Object.fromEntries(
    Object.entries(headers).filter((entry): entry is [string, string | string[]] => entry[1] !== undefined && !dropped.has(entry[0])),
  );
}

/** The headers by which a front proxy says who asks. */
export function identityHeaders({ name, uid, groups, extra = {} }: UserInfo): Outgoing {
  const result: Outgoing = { 'x-remote-user': bytes(name) };
  if (uid) result['x-remote-uid'] = bytes(uid);
  if (groups.length > 0) result['x-remote-group'] = groups.map(bytes);
  for (const [key, values] of Object.entries(extra)) result[`x-remote-extra-${escapedKey(key)}`] = values.map(bytes);
  return result;
}

function namedBy(connection: string | string[] | undefined): string[] {
  return String(connection ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
}

/** Node writes header values as Latin-1; names of users are UTF-8. */
function bytes(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1');
}

/** What a header name may not hold is escaped as in a URL; letters lose their case, as header names do. */
function escapedKey(key: string): string {
  return [...Buffer.from(key, 'utf8')]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9!#$&'*+\-.^_`|~]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}
