import { type FieldError, fieldInvalid, fieldRequired, fieldTooLong, isConfigMapKey, path } from '@keelson/machinery';
import { Secret } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import type { KindDefinition } from '../types.ts';
import { byteSize, dataLimit, immutableErrors } from './config-map.ts';

/** Keys a secret of a type must hold; in a list of lists one key of each is enough. */
const requiredKeys: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'kubernetes.io/dockercfg': [['.dockercfg']],
  'kubernetes.io/dockerconfigjson': [['.dockerconfigjson']],
  'kubernetes.io/basic-auth': [['username', 'password']],
  'kubernetes.io/ssh-auth': [['ssh-privatekey']],
  'kubernetes.io/tls': [['tls.crt'], ['tls.key']],
};

export const secretKind: KindDefinition<Secret> = {
  kind: Secret,
  defaults(secret) {
    secret.type ??= 'Opaque';
    for (const [key, text] of Object.entries(secret.stringData ?? {}))
      secret.data = { ...secret.data, [key]: Buffer.from(text).toString('base64') };
    secret.stringData = undefined;
  },
  validate({ type = 'Opaque', data = {}, metadata }) {
    const errors: FieldError[] = [];
    for (const key of Object.keys(data))
      for (const message of isConfigMapKey(key)) errors.push(fieldInvalid(path('data').key(key), key, message));
    if (byteSize(data) > dataLimit) errors.push(fieldTooLong(path('data'), dataLimit));
    for (const keys of requiredKeys[type] ?? []) {
      if (!keys.some((key) => Object.hasOwn(data, key))) errors.push(fieldRequired(path('data').key(keys[0] as string)));
    }
    if (type === 'kubernetes.io/service-account-token' && !metadata.annotations?.['kubernetes.io/service-account.name']) {
      errors.push(fieldRequired(path('metadata', 'annotations').key('kubernetes.io/service-account.name')));
    }
    return errors;
  },
  validateUpdate(next, old) {
    const changed = next.type !== old.type ? [fieldInvalid(path('type'), next.type, 'field is immutable')] : [];
    return [...changed, ...immutableErrors(next, old, ['data'])];
  },
  selectableFields: { type: ({ type }) => type ?? '' },
  columns: [
    nameColumn,
    { name: 'Type', type: 'string', cell: ({ type }) => type ?? '' },
    { name: 'Data', type: 'string', cell: ({ data = {} }) => String(Object.keys(data).length) },
    ageColumn,
  ],
};
