import { createHash } from 'node:crypto';
import type { TokenAuthenticator, UserInfo } from '../types.ts';

/**
 * Tokens of `--token-auth-file`: one a line, `token,user,uid` and, where there are groups, `"group1,group2"`. They hold for as long as the
 * server runs.
 * @throws Error naming the file and the line that has too few columns.
 */
export function tokenFileAuthenticator(path: string, text: string): TokenAuthenticator {
  const users = new Map<string, UserInfo>();
  for (const row of parseCsv(text)) {
    if (row.length < 3)
      throw new Error(`token file '${path}' must have at least 3 columns (token, user name, user uid), found ${row.length}`);
    const [token = '', name = '', uid = '', groups = ''] = row;
    if (token === '') continue;
    users.set(digest(token), { name, uid, groups: groups === '' ? [] : groups.split(',') });
  }
  return {
    name: 'token-file',
    identify(token) {
      const user = users.get(digest(token));
      return user ? { type: 'authenticated', user } : { type: 'absent' };
    },
  };
}

/** Found by their hash, so that how long it takes tells nothing of what is stored. */
function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}

/** Comma-separated rows, members in double quotes where need be; blank lines are passed over. */
export function parseCsv(text: string): string[][] {
  const member = /(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|$)/y;
  const rows: string[][] = [];
  let row: string[] = [];
  while (member.lastIndex < text.length || row.length > 0) {
    const match = member.exec(text);
    if (!match) throw new Error('a double quote stands where none may');
    const [whole, quoted, plain = '', end] = match;
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end !== ',') {
      if (row.length > 1 || row[0] !== '') rows.push(row);
      row = [];
    }
    if (whole === '') break;
  }
  return rows;
}
