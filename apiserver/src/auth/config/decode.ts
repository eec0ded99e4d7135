import { errorMessage } from '@keelson/base';
import { parseYaml } from '@keelson/machinery';

/** What a configuration file may hold: types by name of member; a list is written as a list of one. */
export type Shape = 'string' | 'boolean' | 'number' | { readonly [member: string]: Shape } | readonly [Shape];

const group = 'apiserver.config.k8s.io';

/**
 * Reads a configuration file of the API server, YAML or JSON. Nothing that is not known may stand in it: a misspelt rule would be none.
 * @throws Error in one sentence.
 */
export function decodeConfig(text: string, kind: string, versions: readonly string[], shape: { readonly [member: string]: Shape }): object {
  const { value, duplicates } = parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`no ${kind} found: the file is no YAML mapping`);
  const { apiVersion, kind: found, ...content } = value as { apiVersion?: unknown; kind?: unknown };
  if (found !== kind) throw new Error(`expected ${kind}, got ${found === undefined ? 'no kind' : JSON.stringify(found)}`);
  if (!versions.some((version) => apiVersion === `${group}/${version}`)) {
    const known = versions.map((version) => `${group}/${version}`).join(', ');
    throw new Error(`no kind "${kind}" is registered for version "${apiVersion}": use one of ${known}`);
  }
  const problems = [...duplicates.map(({ path }) => `key "${path}" already set`), ...misfits(content, shape, '')];
  if (problems.length > 0) throw new Error(`strict decoding error: ${problems.join(', ')}`);
  return content;
}

function parse(text: string): ReturnType<typeof parseYaml> {
  try {
    return parseYaml(text);
  } catch (error) {
    throw new Error(errorMessage(error));
  }
}

function misfits(value: unknown, shape: Shape, at: string): string[] {
  if (value === undefined || value === null) return [];
  if (typeof shape === 'string') return typeof value === shape ? [] : [`${at}: must be a ${shape}`];
  if (isList(shape)) {
    if (!Array.isArray(value)) return [`${at}: must be a list`];
    return value.flatMap((item, i) => misfits(item, shape[0], `${at}[${i}]`));
  }
  if (typeof value !== 'object' || Array.isArray(value)) return [`${at}: must be a mapping`];
  return Object.entries(value).flatMap(([name, member]) => {
    const path = at === '' ? name : `${at}.${name}`;
    const inner = Object.hasOwn(shape, name) ? shape[name] : undefined;
    return inner === undefined ? [`unknown field "${path}"`] : misfits(member, inner, path);
  });
}

function isList(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape);
}
