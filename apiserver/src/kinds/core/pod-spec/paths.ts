import type { FieldPath } from '@keelson/machinery';
import type { Report } from '../../report.ts';

/** Rules of paths that pods name, on nodes and in containers. */

/** One error, however many steps back there are. */
export function noBacksteps(value: string, at: FieldPath, where: string, report: Report): void {
  if (hasBackstep(value)) report.invalid(at, where, value, "must not contain '..'");
}

export function hasBackstep(value: string): boolean {
  return value.includes('..') && value.split('/').includes('..');
}

/** Stays below where it starts. */
export function localPath(value: string, at: FieldPath, where: string, report: Report): void {
  if (value.startsWith('/')) report.invalid(at, where, value, 'must be a relative path');
  noBacksteps(value, at, where, report);
}

/** As `localPath`, and not one of the names that writers of volumes keep for themselves. */
export function localFreePath(value: string, at: FieldPath, where: string, report: Report): void {
  localPath(value, at, where, report);
  if (value.startsWith('..') && value !== '..' && !value.startsWith('../')) report.invalid(at, where, value, "must not start with '..'");
}

const mostBits = 0o777;

/** The permission bits of a file. */
export function fileMode(mode: number | undefined, at: FieldPath, where: string, report: Report): void {
  if (mode !== undefined && (mode < 0 || mode > mostBits))
    report.invalid(at, where, mode, 'must be a number between 0 and 0777 (octal), both inclusive');
}
