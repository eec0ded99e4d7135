import {
  type FieldError,
  type FieldPath,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  isDNS1123Label,
} from '@keelson/machinery';
import type { Volume } from '@keelson/types';

export function volumeErrors(volumes: readonly Volume[], at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [index, volume] of volumes.entries()) {
    const where = at.index(index);
    const { name } = volume;
    if (!name) errors.push(fieldRequired(where.child('name')));
    else for (const message of isDNS1123Label(name)) errors.push(fieldInvalid(where.child('name'), name, message));
    if (names.has(name)) errors.push(fieldDuplicate(where.child('name'), name));
    names.add(name);
    errors.push(...sourceErrors(volume, where));
  }
  return errors;
}

function sourceErrors(volume: Volume, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const sources = Object.keys(volume).filter((key) => key !== 'name' && volume[key as keyof Volume] !== undefined);
  if (sources.length === 0) errors.push(fieldRequired(at, 'must specify a volume type'));
  for (const extra of sources.slice(1)) errors.push(fieldForbidden(at.child(extra), 'may not specify more than 1 volume type'));
  const { hostPath, secret, configMap } = volume;
  if (hostPath && !hostPath.path) errors.push(fieldRequired(at.child('hostPath', 'path')));
  else if (hostPath?.path.split('/').includes('..'))
    errors.push(fieldInvalid(at.child('hostPath', 'path'), hostPath.path, "must not contain '..'"));
  if (secret && !secret.secretName) errors.push(fieldRequired(at.child('secret', 'secretName')));
  if (configMap && !configMap.name) errors.push(fieldRequired(at.child('configMap', 'name')));
  return errors;
}
