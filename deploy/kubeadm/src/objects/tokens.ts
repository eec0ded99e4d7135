import { formatGoDuration, rfc3339 } from '@keelson/base';
import { type BootstrapToken, parseToken } from '@keelson/pki';
import type { Secret } from '@keelson/types';
import type { WantedToken } from '../options.ts';

/** A bootstrap token with what it is for. */
export interface Token extends BootstrapToken {
  readonly description?: string;
  /** Milliseconds since the epoch; undefined: never. */
  readonly expires?: number;
  readonly usages: readonly string[];
  readonly groups: readonly string[];
}

export const tokenUsages = ['signing', 'authentication'] as const;

/** Who joins with a token made by kubeadm. */
export const defaultNodeTokenGroup = 'system:bootstrappers:kubeadm:default-node-token';

/** A token as it was asked for, from `now` on (milliseconds). @throws when the text is none. */
export function tokenFor(wanted: WantedToken & { readonly token: string }, now: number): Token {
  const { token: text, description, ttl, expires, usages, groups } = wanted;
  const token = parseToken(text);
  if (!token) throw new Error(`not a bootstrap token: ${text}`);
  const end = expires ?? (ttl === 0 ? undefined : now + ttl);
  return { ...token, ...(description ? { description } : {}), ...(end === undefined ? {} : { expires: end }), usages, groups };
}

const prefix = 'bootstrap-token-';

export function tokenSecretName(id: string): string {
  return `${prefix}${id}`;
}

/** The Secret that makes a token known to the API server. */
export function tokenSecret({ id, secret, description, expires, usages, groups }: Token): Secret {
  const data: Record<string, string> = {
    'token-id': id,
    'token-secret': secret,
    ...(description ? { description } : {}),
    ...(expires === undefined ? {} : { expiration: rfc3339(expires) }),
    ...Object.fromEntries(usages.map((usage) => [`usage-bootstrap-${usage}`, 'true'])),
    ...(groups.length > 0 ? { 'auth-extra-groups': [...groups].sort().join(',') } : {}),
  };
  return {
    metadata: { name: tokenSecretName(id), namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
  };
}

/** Reads such a Secret; undefined when it is none. */
export function tokenOf({ metadata, data = {} }: Secret): Token | undefined {
  const value = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString();
  const token = parseToken(`${value('token-id')}.${value('token-secret')}`);
  if (!token || metadata.name !== tokenSecretName(token.id)) return undefined;
  const expires = Date.parse(value('expiration'));
  return {
    ...token,
    ...(value('description') && { description: value('description') }),
    ...(Number.isNaN(expires) ? {} : { expires }),
    usages: Object.keys(data).flatMap((key) => (key.startsWith('usage-bootstrap-') && value(key) === 'true' ? [key.slice(16)] : [])),
    groups: value('auth-extra-groups').split(',').filter(Boolean),
  };
}

/** Why tokens cannot be of these usages and groups, as a sentence. */
export function tokenProblem({ usages, groups }: Pick<Token, 'usages' | 'groups'>): string | undefined {
  const usage = usages.find((one) => !(tokenUsages as readonly string[]).includes(one));
  if (usage !== undefined) return `--usages: "${usage}" is unknown; use ${tokenUsages.join(', ')}`;
  const group = groups.find((one) => !/^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/.test(one));
  return group === undefined ? undefined : `--groups: "${group}" must begin with system:bootstrappers: and end with a letter or digit`;
}

/** A token for programs, in the shape of upstream's kind BootstrapToken. */
export function tokenInfo({ id, secret, description, expires, usages, groups }: Token): object {
  return {
    token: `${id}.${secret}`,
    ...(description ? { description } : {}),
    ...(expires === undefined ? {} : { expires: rfc3339(expires) }),
    ...(usages.length > 0 ? { usages: [...usages].sort() } : {}),
    ...(groups.length > 0 ? { groups } : {}),
  };
}

/** The table of `kubeadm token list`. @param now milliseconds since the epoch */
export function renderTokens(tokens: readonly Token[], now: number): string {
  const rows = tokens.map(({ id, secret, expires, usages, description, groups }) => [
    `${id}.${secret}`,
    expires === undefined ? '<forever>' : remaining(expires - now),
    expires === undefined ? '<never>' : rfc3339(expires),
    [...usages].sort().join(',') || '<none>',
    description ?? '<none>',
    groups.join(',') || '<none>',
  ]);
  const table = [['TOKEN', 'TTL', 'EXPIRES', 'USAGES', 'DESCRIPTION', 'EXTRA GROUPS'], ...rows];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]): string => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   ');
  return rows.length === 0 ? '' : `${table.map((row) => line(row).trimEnd()).join('\n')}\n`;
}

/** The largest whole unit, as upstream writes it: `23h`, `59m`, `12s`. */
function remaining(ms: number): string {
  if (ms <= 0) return '<invalid>';
  const [whole = ''] = /^\d+[dhms]?/.exec(formatGoDuration(Math.floor(ms / 1000) * 1000)) ?? [];
  return whole;
}
