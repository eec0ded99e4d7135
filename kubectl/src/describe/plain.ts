import { compareStrings } from '@keelson/machinery';
import type { ConfigMap, Namespace, Secret, ServiceAccount } from '@keelson/types';
import type { AnyObject } from '../types.ts';
import { annotationLines, field, head, type Lines, labelLines, listed } from './lines.ts';

/** @param limited whether the server has quotas and limit ranges at all. */
export function namespaceLines({ metadata, status }: Namespace, limited: boolean): Lines {
  const limits = limited ? ['', 'No resource quota.', '', 'No LimitRange resource.'] : [];
  return [...head(metadata), field(0, 'Status', status?.phase), ...limits];
}

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
  const size = (key: string): number => Buffer.from(data?.[key] ?? '', 'base64').length;
  return [...head(metadata), '', field(0, 'Type', type), '', 'Data', '====', ...keys.map((key) => field(0, key, `${size(key)} bytes`))];
}

export function serviceAccountLines({ metadata, imagePullSecrets, secrets }: ServiceAccount): Lines {
  const names = (list: readonly { readonly name?: string | undefined }[] | undefined): string[] =>
    (list ?? []).map(({ name = '' }) => name);
  return [
    ...head(metadata),
    ...listed(0, 'Image pull secrets', names(imagePullSecrets)),
    ...listed(0, 'Mountable secrets', names(secrets)),
    ...listed(0, 'Tokens', []),
  ];
}

/** Any kind nobody described: its head, and its fields in words. */
export function genericLines(object: AnyObject): Lines {
  const { metadata, apiVersion, kind, ...rest } = object;
  const { name: _, namespace: __, labels, annotations, managedFields: ___, ...meta } = metadata;
  return [
    field(0, 'Name', metadata.name),
    field(0, 'Namespace', metadata.namespace),
    ...labelLines(0, labels),
    ...annotationLines(0, annotations),
    field(0, 'API Version', apiVersion),
    field(0, 'Kind', kind),
    'Metadata:',
    ...fieldsLines(1, meta),
    ...fieldsLines(0, rest),
  ];
}

function fieldsLines(level: number, fields: Readonly<Record<string, unknown>>): Lines {
  return Object.entries(fields)
    .sort(([a], [b]) => compareStrings(a, b))
    .flatMap(([key, value]) => valueLines(level, words(key), value));
}

function valueLines(level: number, label: string, value: unknown): Lines {
  const pad = '  '.repeat(level);
  if (Array.isArray(value)) {
    return [
      `${pad}${label}:`,
      ...value.flatMap((element) =>
        typeof element === 'object' && element !== null
          ? fieldsLines(level + 1, element as Record<string, unknown>)
          : [`${pad}  ${element}`],
      ),
    ];
  }
  if (typeof value === 'object' && value !== null) return [`${pad}${label}:`, ...fieldsLines(level + 1, value as Record<string, unknown>)];
  return [field(level, label, value)];
}

/** `podSelector` is `Pod Selector`. */
function words(key: string): string {
  const spaced = key.replace(/([a-z0-9])([A-Z])/g, '$1 $2');
  return `${spaced.charAt(0).toUpperCase()}${spaced.slice(1)}`;
}
