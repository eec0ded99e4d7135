import type { Secret, ServiceAccount } from '@keelson/types';

export const tokenType = 'kubernetes.io/service-account-token';
const nameAnnotation = 'kubernetes.io/service-account.name';
const uidAnnotation = 'kubernetes.io/service-account.uid';

/** The account a token Secret is made for. */
export interface AccountRef {
  readonly name: string;
  /** Empty while any account of the name will do: the Secret is new. */
  readonly uid: string;
}

/** Undefined for Secrets that hold no token of an account. */
export function accountRef({ type, metadata }: Secret): AccountRef | undefined {
  const name = metadata.annotations?.[nameAnnotation];
  return type === tokenType && name ? { name, uid: metadata.annotations?.[uidAnnotation] ?? '' } : undefined;
}

export function isMeant({ uid }: AccountRef, { metadata }: ServiceAccount): boolean {
  return uid === '' || uid === metadata.uid;
}

/** What a token Secret lacks. `ca` is what its `ca.crt` should be. */
export interface Missing {
  readonly token: boolean;
  readonly namespace: boolean;
  readonly ca: string | undefined;
}

/** Undefined when it has everything. `rootCA` is PEM; without one whatever CA there is stays. */
export function missingIn({ data = {} }: Secret, rootCA: string | undefined): Missing | undefined {
  const wantedCA = rootCA ? Buffer.from(rootCA).toString('base64') : undefined;
  const ca = wantedCA === data['ca.crt'] ? undefined : wantedCA;
  const missing = { token: !data.token, namespace: !data.namespace, ca };
  return missing.token || missing.namespace || ca !== undefined ? missing : undefined;
}

/** The Secret with what it lacked, and its account named by uid. `token` is needed only where it has none. */
export function filled(secret: Secret, { metadata: account }: ServiceAccount, missing: Missing, token: string): Secret {
  const { metadata, data } = secret;
  const encoded = (text: string): string => Buffer.from(text).toString('base64');
  return {
    ...secret,
    metadata: {
      ...metadata,
      annotations: { ...metadata.annotations, [nameAnnotation]: account.name ?? '', [uidAnnotation]: account.uid ?? '' },
    },
    data: {
      ...data,
      ...(missing.ca === undefined ? {} : { 'ca.crt': missing.ca }),
      ...(missing.namespace ? { namespace: encoded(metadata.namespace ?? '') } : {}),
      ...(missing.token ? { token: encoded(token) } : {}),
    },
  };
}

/** The claims of a token kept in a Secret: neither times nor audiences, only whose it is and where it lies. */
export function claimsOf(secret: Secret, { metadata: account }: ServiceAccount): Record<string, string> {
  const prefix = 'kubernetes.io/serviceaccount';
  const { namespace = '', name = '' } = secret.metadata;
  return {
    iss: 'kubernetes/serviceaccount',
    [`${prefix}/namespace`]: namespace,
    [`${prefix}/secret.name`]: name,
    [`${prefix}/service-account.name`]: account.name ?? '',
    [`${prefix}/service-account.uid`]: account.uid ?? '',
    sub: `system:serviceaccount:${namespace}:${account.name}`,
  };
}

/** The account without its reference to a Secret that is gone; undefined when it has none. */
export function withoutReference(account: ServiceAccount, secret: string): ServiceAccount | undefined {
  const { secrets = [] } = account;
  const kept = secrets.filter(({ name }) => name !== secret);
  return kept.length === secrets.length ? undefined : { ...account, secrets: kept.length > 0 ? kept : undefined };
}
