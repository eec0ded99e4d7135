import { compareStrings } from '@keelson/machinery';
import type { ConfigMap, Secret, ServiceAccount } from '@keelson/types';
import { field, head, type Lines, listed } from './lines.ts';

export function configMapLines({ metadata, data, binaryData }: ConfigMap): Lines {
  const keys = (map: object | undefined): string[] => Object.keys(map ?? {}).sort(compareStrings);
  return [
    ...head(metadata),
    '',
    'Data',
    '====',
    ...keys(data).flatMap((key) => [`${key}:`, '----', ...(data?.[key] ?? '').split('\n'), '']),
    '',
    'BinaryData',
    '====',
    ...keys(binaryData).flatMap((key) => [`${key}: ${Buffer.from(binaryData?.[key] ?? '', 'base64').length} bytes`]),
    '',
  ];
}

export function secretLines({ metadata, type, data }: Secret): Lines {
  const keys = Object.keys(data ?? {}).sort(compareStrings);
  const text = (key: string): string => {
    const value = Buffer.from(data?.[key] ?? '', 'base64');
    // Of an account's token all is shown.
    return key === 'token' && type === tokenType ? value.toString() : `${value.length} bytes`;
  };
  return [...head(metadata), '', field(0, 'Type', type), '', 'Data', '====', ...keys.map((key) => field(0, key, text(key)))];
}

export function serviceAccountLines({ metadata, imagePullSecrets }: ServiceAccount): Lines {
  const names = (imagePullSecrets ?? []).map(({ name = '' }) => name);
  return [...head(metadata), ...listed(0, 'Image pull secrets', names)];
}

/** The type of secrets that hold a service account's token. */
const tokenType = 'kubernetes.io/service-account-token';
