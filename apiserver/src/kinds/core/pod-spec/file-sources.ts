import type { FieldPath } from '@keelson/machinery';
import type { ConfigMapVolumeSource, DownwardAPIVolumeFile, DownwardAPIVolumeSource, KeyToPath, SecretVolumeSource } from '@keelson/types';
import type { Report } from '../../report.ts';
import { checkFieldRef, checkResourceRef } from './field-refs.ts';
import { fileMode, localFreePath } from './paths.ts';

/** Volumes whose files the cluster writes. `at` is the source. */

export function checkSecretVolume({ secretName, defaultMode, items }: SecretVolumeSource, at: FieldPath, report: Report): void {
  if (!secretName) report.required(at, 'secretName');
  fileMode(defaultMode, at, 'defaultMode', report);
  checkItems(items, at, report);
}

export function checkConfigMapVolume({ name, defaultMode, items }: ConfigMapVolumeSource, at: FieldPath, report: Report): void {
  if (!name) report.required(at, 'name');
  fileMode(defaultMode, at, 'defaultMode', report);
  checkItems(items, at, report);
}

export function checkItems(items: readonly KeyToPath[] | undefined, parent: FieldPath, report: Report): void {
  if (!items) return;
  for (const [index, { key, path, mode }] of items.entries()) {
    const at = parent.child('items').index(index);
    if (!key) report.required(at, 'key');
    if (!path) report.required(at, 'path');
    localFreePath(path ?? '', at, 'path', report);
    fileMode(mode, at, 'mode', report);
  }
}

/** Upstream says what is wrong with a file of the source, not of its element. */
export function checkDownwardAPI({ defaultMode, items }: DownwardAPIVolumeSource, at: FieldPath, report: Report): void {
  fileMode(defaultMode, at, 'defaultMode', report);
  if (items) for (const file of items) checkDownwardFile(file, at, report);
}

export function checkDownwardFile({ path, fieldRef, resourceFieldRef, mode }: DownwardAPIVolumeFile, at: FieldPath, report: Report): void {
  if (!path) report.required(at, 'path');
  localFreePath(path ?? '', at, 'path', report);
  if (fieldRef) {
    checkFieldRef(fieldRef, 'file', at.child('fieldRef'), report);
    if (resourceFieldRef) report.invalid(at, '', 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously');
  } else if (resourceFieldRef) checkResourceRef(resourceFieldRef, true, at.child('resourceFieldRef'), report);
  else report.required(at, '', 'one of fieldRef and resourceFieldRef is required');
  fileMode(mode, at, 'mode', report);
}
