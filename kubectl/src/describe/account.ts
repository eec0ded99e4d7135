import { Secret, type ServiceAccount } from '@keelson/types';
import type { Cluster } from '../cluster.ts';
import { head, type Lines, listed } from './lines.ts';
import { tokenType } from './plain.ts';

export async function describeServiceAccount(cluster: Cluster, account: ServiceAccount): Promise<Lines> {
  const { items } = await cluster.api.list(Secret, { namespace: account.metadata.namespace }).catch(() => ({ items: undefined }));
  return serviceAccountLines(account, items);
}

/** @param existing the secrets of its namespace; `undefined` when they may not be seen. */
export function serviceAccountLines(account: ServiceAccount, existing: readonly Secret[] | undefined): Lines {
  const { metadata, imagePullSecrets, secrets } = account;
  const known = new Set(existing?.map(({ metadata: { name } }) => name));
  const named = (list: readonly { readonly name?: string | undefined }[] | undefined): string[] =>
    (list ?? []).map(({ name = '' }) => (existing === undefined || known.has(name) ? name : `${name} (not found)`));
  const tokens = (existing ?? []).filter((secret) => isTokenOf(secret, account)).map(({ metadata: { name = '' } }) => name);
  return [
    ...head(metadata),
    ...listed(0, 'Image pull secrets', named(imagePullSecrets)),
    ...listed(0, 'Mountable secrets', named(secrets)),
    ...listed(0, 'Tokens', tokens),
  ];
}

function isTokenOf({ type, metadata }: Secret, account: ServiceAccount): boolean {
  const { 'kubernetes.io/service-account.name': name, 'kubernetes.io/service-account.uid': uid } = metadata.annotations ?? {};
  return type === tokenType && name === account.metadata.name && uid === account.metadata.uid;
}
