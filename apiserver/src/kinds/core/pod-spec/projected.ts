import type { FieldPath } from '@keelson/machinery';
import type { KeyToPath, ProjectedVolumeSource, ServiceAccountTokenProjection, VolumeProjection } from '@keelson/types';
import type { Report } from '../../report.ts';
import { checkDownwardFile, checkItems } from './file-sources.ts';
import { fileMode, localFreePath } from './paths.ts';

/** Files from several sources in one directory; none of them twice. */
export function checkProjected({ defaultMode, sources = [] }: ProjectedVolumeSource, at: FieldPath, report: Report): void {
  fileMode(defaultMode, at, 'defaultMode', report);
  const taken = new Set<string>();
  const take = (path: string | undefined, shown: string): void => {
    if (!path) return;
    if (taken.has(path)) report.invalid(at, '', shown, 'conflicting duplicate paths');
    taken.add(path);
  };
  for (const [index, source] of sources.entries()) {
    const where = at.child('sources').index(index);
    checkSource(source, at, where, report);
    for (const [path, shown] of pathsOf(source)) take(path, shown);
    const kinds = Object.values(source).filter((part) => part !== undefined).length;
    if (kinds > 1) report.forbidden(where, '', 'may not specify more than 1 volume type per source');
  }
}

function checkSource(source: VolumeProjection, volume: FieldPath, at: FieldPath, report: Report): void {
  const { secret, configMap, downwardAPI, serviceAccountToken } = source;
  if (secret) checkNamed(secret, at.child('secret'), report);
  if (configMap) checkNamed(configMap, at.child('configMap'), report);
  if (downwardAPI?.items) for (const file of downwardAPI.items) checkDownwardFile(file, at.child('downwardAPI'), report);
  if (serviceAccountToken) checkToken(serviceAccountToken, volume, at, report);
}

/** Paths a source takes, each with what upstream shows of it when it is taken. */
function* pathsOf({ secret, configMap, downwardAPI }: VolumeProjection): Generator<[string | undefined, string]> {
  for (const source of [secret, configMap]) for (const { path } of source?.items ?? []) yield [path, source?.name ?? ''];
  for (const { path } of downwardAPI?.items ?? []) yield [path, path];
}

function checkNamed({ name, items }: { name?: string | undefined; items?: KeyToPath[] | undefined }, at: FieldPath, report: Report): void {
  if (!name) report.required(at, 'name');
  checkItems(items, at, report);
}

/** Seconds. */
const shortestToken = 10 * 60;
const longestToken = 2 ** 32;

/** Upstream says what is wrong with the path of the volume. */
function checkToken(
  { expirationSeconds = 0, path }: ServiceAccountTokenProjection,
  volume: FieldPath,
  at: FieldPath,
  report: Report,
): void {
  const where = 'serviceAccountToken.expirationSeconds';
  if (expirationSeconds < shortestToken) report.invalid(at, where, expirationSeconds, 'may not specify a duration less than 10 minutes');
  if (expirationSeconds > longestToken) report.invalid(at, where, expirationSeconds, 'may not specify a duration larger than 2^32 seconds');
  if (!path) report.required(volume, 'path');
  else localFreePath(path, volume, 'path', report);
}
