import { parseGoDuration } from '@keelson/base';
import { parseYaml } from '@keelson/machinery';

/** What a configuration file may hold: types by name of member; a list is written as a list of one. */
export type Shape = 'string' | 'boolean' | 'number' | 'duration' | { readonly [member: string]: Shape } | readonly [Shape];

const group = 'apiserver.config.k8s.io';

/**
 * Reads a configuration file of the API server, YAML or JSON. Nothing that is not known may stand in it: a misspelt rule would be none.
 * @throws Error in one sentence.
 */
export function decodeConfig(text: string, kind: string, versions: readonly string[], shape: { readonly [member: string]: Shape }): object {
  const { value, duplicates } = parseYaml(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`no ${kind} found: the file is no YAML mapping`);
  const { apiVersion, kind: found, ...content } = value as { apiVersion?: unknown; kind?: unknown };
  if (found !== kind) throw new Error(`expected ${kind}, got ${found === undefined ? 'no kind' : JSON.stringify(found)}`);
  if (!versions.some((version) => apiVersion === `${group}/${version}`)) {
    const known = versions.map((version) => `${group}/${version}`).join(', ');
    throw new Error(`no kind "${kind}" is registered for version "${apiVersion}": use one of ${known}`);
  }
  const { wrong, unknown } = misfitsIn(content, shape);
  const problems = [...duplicates.map(({ path }) => `key "${path}" already set`), ...unknown, ...wrong];
  if (problems.length > 0) throw new Error(`strict decoding error: ${problems.join(', ')}`);
  return content;
}

/** What of a document does not fit its shape, each in some words. */
export interface Misfits {
  /** Members that there are none of. */
  readonly unknown: readonly string[];
  /** Values of another type. */
  readonly wrong: readonly string[];
}

const none: Misfits = { unknown: [], wrong: [] };

/** Null and what is absent fits everywhere. */
export function misfitsIn(value: unknown, shape: Shape, at = ''): Misfits {
  if (value === undefined || value === null) return none;
  const wrong = (what: string): Misfits => ({ unknown: [], wrong: [`${at}: ${what}`] });
  if (shape === 'duration') return typeof value === 'string' ? durationMisfit(value, wrong) : wrong('must be a string');
  if (typeof shape === 'string') return typeof value === shape ? none : wrong(`must be a ${shape}`);
  if (isList(shape)) {
    if (!Array.isArray(value)) return wrong('must be a list');
    return joined(value.map((item, i) => misfitsIn(item, shape[0], `${at}[${i}]`)));
  }
  if (typeof value !== 'object' || Array.isArray(value)) return wrong('must be a mapping');
  return joined(
    Object.entries(value).map(([name, member]) => {
      const path = at === '' ? name : `${at}.${name}`;
      const inner = Object.hasOwn(shape, name) ? shape[name] : undefined;
      return inner === undefined ? { unknown: [`unknown field "${path}"`], wrong: [] } : misfitsIn(member, inner, path);
    }),
  );
}

function durationMisfit(text: string, wrong: (what: string) => Misfits): Misfits {
  try {
    parseGoDuration(text);
    return none;
  } catch (error) {
    return wrong((error as Error).message);
  }
}

function joined(all: readonly Misfits[]): Misfits {
  return { unknown: all.flatMap(({ unknown }) => unknown), wrong: all.flatMap(({ wrong }) => wrong) };
}

function isList(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape);
}
