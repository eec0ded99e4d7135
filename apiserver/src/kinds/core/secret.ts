import { type FieldError, type FieldPath, fieldInvalid, fieldRequired, fieldTooLong, isConfigMapKey, path } from '@keelson/machinery';
import { Secret } from '@keelson/types';
import { goJsonFault } from '../../http/decode/json-fault.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import type { KindDefinition } from '../types.ts';
import { byteSize, dataLimit, immutableErrors } from './config-map.ts';

/** Keys that hold an object in JSON, by the type of the secrets that must have them. */
const objectKeys: Readonly<Record<string, string>> = {
  'kubernetes.io/dockercfg': '.dockercfg',
  'kubernetes.io/dockerconfigjson': '.dockerconfigjson',
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
    const objectKey = objectKeys[type];
    if (objectKey !== undefined) errors.push(...objectErrors(data[objectKey], path('data').key(objectKey)));
    for (const key of missingKeys(type, data)) errors.push(fieldRequired(path('data').key(key)));
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
    { name: 'Data', type: 'string', cell: ({ data = {} }) => Object.keys(data).length },
    ageColumn,
  ],
};

/** Keys a secret of this type should have: a name or a password is enough, an empty one too; a private key is not empty. */
function missingKeys(type: string, data: Readonly<Record<string, string>>): string[] {
  const lacking = (...keys: readonly string[]): string[] => keys.filter((key) => data[key] === undefined);
  if (type === 'kubernetes.io/tls') return lacking('tls.crt', 'tls.key');
  if (type === 'kubernetes.io/ssh-auth') return data['ssh-privatekey'] ? [] : ['ssh-privatekey'];
  if (type !== 'kubernetes.io/basic-auth') return [];
  const login = lacking('username', 'password');
  return login.length === 2 ? login : [];
}

/** @param value base64 of what should be an object in JSON; what is wrong with it is told without telling what it is. */
function objectErrors(value: string | undefined, at: FieldPath): FieldError[] {
  if (value === undefined) return [fieldRequired(at)];
  const text = Buffer.from(value, 'base64');
  const refuse = (why: string): FieldError[] => [fieldInvalid(at, '<secret contents redacted>', why)];
  try {
    const parsed: unknown = JSON.parse(text.toString());
    if (parsed === null || (typeof parsed === 'object' && !Array.isArray(parsed))) return [];
    const kind = Array.isArray(parsed) ? 'array' : typeof parsed === 'boolean' ? 'bool' : typeof parsed;
    return refuse(`json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`);
  } catch {
    return refuse(goJsonFault(text));
  }
}
