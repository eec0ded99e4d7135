import { parseYaml } from '@keelson/machinery';
import { matches } from './patch.ts';
import {
  groupOf,
  type Kustomization,
  type Replacement,
  type ReplacementOptions,
  type ReplacementSource,
  type Resource,
  rename,
  type Surroundings,
} from './types.ts';

/** Copies fields of objects into fields of others, as `replacements:` asks. @throws Error in kustomize's words. */
export function replace(resources: readonly Resource[], { replacements = [] }: Kustomization, folder: string, world: Surroundings): void {
  for (const each of replacements) for (const replacement of written(each, folder, world)) applyOne(resources, replacement);
}

/** The entry itself, or those of the file it names. */
function written(replacement: Replacement, folder: string, { files }: Surroundings): readonly Replacement[] {
  const { path, source, targets } = replacement;
  if (path === undefined) return [replacement];
  if (source || targets) throw new Error('cannot specify both path and inline replacement');
  const { value } = parseYaml(files.read(files.join(folder, path)).toString());
  return Array.isArray(value) ? (value as unknown as Replacement[]) : [value as Replacement];
}

function applyOne(resources: readonly Resource[], { source, sourceValue, targets }: Replacement): void {
  if ((!source && sourceValue === undefined) || !targets) throw new Error('replacements must specify a source and at least one target');
  const value = source ? valueOfSource(resources, source) : sourceValue;
  for (const { select, reject = [], fieldPaths = ['metadata.name'], options = {} } of targets) {
    if (!select) throw new Error('target must specify resources to select');
    for (const resource of resources) {
      if (!matches(resource, select) || reject.some((each) => matches(resource, each))) continue;
      rename(resource, () => {
        for (const path of fieldPaths) put(resource.object, path, value, options);
      });
    }
  }
}

function valueOfSource(resources: readonly Resource[], source: ReplacementSource): unknown {
  const found = resources.filter((resource) => isSource(resource, source));
  if (found.length > 1) throw new Error(`multiple matches for selector ${selectorText(source)}`);
  const [only] = found;
  if (!only) throw new Error(`nothing selected by ${selectorText(source)}`);
  const { fieldPath = 'metadata.name', options } = source;
  const [place] = placesOf(only.object, stepsOf(fieldPath), undefined);
  const value = place?.holder[place.key];
  if (value === undefined) throw new Error(`fieldPath \`${fieldPath}\` is missing for replacement source ${selectorText(source)}`);
  if (!options?.delimiter) return value;
  if (typeof value === 'object') throw new Error('delimiter option can only be used with scalar nodes');
  const part = String(value).split(options.delimiter)[options.index ?? 0];
  if (part === undefined) throw new Error(`options.index ${options.index} is out of bounds for value ${value}`);
  return part;
}

/** A source is named as it is, at some time, and not by a pattern. */
function isSource({ object, names }: Resource, source: ReplacementSource): boolean {
  const version = (object.apiVersion ?? '').split('/').at(-1);
  const same = (wanted: string | undefined, text: string | undefined): boolean => !wanted || wanted === text;
  return (
    same(source.group, groupOf(object)) &&
    same(source.version, version) &&
    names.some(
      ({ kind, name, namespace }) => same(source.kind, kind) && same(source.name, name) && same(source.namespace, namespace || 'default'),
    )
  );
}

function selectorText({ kind, version, group, name, namespace }: ReplacementSource): string {
  const type = `${kind || '[noKind]'}.${version || '[noVer]'}.${group || '[noGrp]'}`;
  return `${type}/${name || '[noName]'}.${namespace || '[noNs]'}`;
}

/** The steps of `spec.containers.[name=web].image`: dots in brackets, and behind a backslash, part nothing. */
function stepsOf(path: string): string[] {
  const steps = path.match(/(?:\[[^\]]*\]|\\.|[^.\\[])+/g) ?? [];
  return steps.map((step) => step.replaceAll('\\.', '.'));
}

type Holder = Record<string, unknown>;

interface Place {
  readonly holder: Holder;
  readonly key: string;
}

/** Where a path leads to. @param made what is to stand where nothing does yet; undefined makes nothing. */
function placesOf(at: unknown, [step = '', ...rest]: readonly string[], made: unknown): Place[] {
  if (typeof at !== 'object' || at === null) return [];
  const holder = at as Holder;
  const [, field, wanted] = /^\[([^=]+)=(.*)\]$/.exec(step) ?? [];
  const keys =
    step === '*'
      ? Object.keys(holder)
      : field === undefined
        ? [step]
        : Object.keys(holder).filter((key) => String((holder[key] as Holder | undefined)?.[field]) === wanted);
  return keys.flatMap((key) => {
    if (made !== undefined) holder[key] ??= rest.length > 0 ? {} : made;
    if (holder[key] === undefined) return [];
    return rest.length === 0 ? [{ holder, key }] : placesOf(holder[key], rest, made);
  });
}

function put(object: object, path: string, value: unknown, { delimiter, index = 0, create = false }: ReplacementOptions): void {
  const places = placesOf(object, stepsOf(path), create ? value : undefined);
  if (places.length === 0) throw new Error(`unable to find field ${JSON.stringify(path)} in replacement target`);
  for (const { holder, key } of places) {
    const before = holder[key];
    if (delimiter && typeof before === 'object') throw new Error('delimiter option can only be used with scalar nodes');
    holder[key] = alike(before, delimiter ? spliced(String(before).split(delimiter), index, String(value)).join(delimiter) : value);
  }
}

/** With a part replaced, or put before the first or after the last. */
function spliced(parts: readonly string[], index: number, value: string): string[] {
  if (index < 0) return [value, ...parts];
  return index >= parts.length ? [...parts, value] : parts.with(index, value);
}

/** A text stays a text and a number a number, as far as the value can be one. */
function alike(before: unknown, value: unknown): unknown {
  if (typeof value === 'object') return structuredClone(value);
  if (typeof before === 'string') return String(value);
  return typeof before === 'number' && !Number.isNaN(Number(value)) ? Number(value) : value;
}
