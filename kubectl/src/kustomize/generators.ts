import type { AnyObject } from '../types.ts';
import { isText } from '../verbs/create/data.ts';
import { type Files, type Generator, type GeneratorOptions, type Kustomization, type Resource, resource } from './types.ts';

type Contents = Map<string, Buffer>;

/** The resources with those that `configMapGenerator` and `secretGenerator` make, or merged into those that are there. */
export function generate(resources: readonly Resource[], kustomization: Kustomization, folder: string, files: Files): Resource[] {
  const { configMapGenerator = [], secretGenerator = [], generatorOptions } = kustomization;
  const made = [
    ...configMapGenerator.map((generator) => ({ generator, kind: 'ConfigMap' })),
    ...secretGenerator.map((generator) => ({ generator, kind: 'Secret' })),
  ];
  return made.reduce<Resource[]>(
    (left, { generator, kind }) => {
      const options = mergedOptions(generatorOptions, generator.options);
      const object =
        kind === 'Secret'
          ? secret(generator, options, read(kind, generator, folder, files))
          : configMap(generator, options, read(kind, generator, folder, files));
      return absorb(left, resource(object, !options.disableNameSuffixHash), generator);
    },
    [...resources],
  );
}

function mergedOptions(whole: GeneratorOptions = {}, own: GeneratorOptions = {}): GeneratorOptions {
  return {
    labels: { ...whole.labels, ...own.labels },
    annotations: { ...whole.annotations, ...own.annotations },
    disableNameSuffixHash: (whole.disableNameSuffixHash ?? false) || (own.disableNameSuffixHash ?? false),
    immutable: (whole.immutable ?? false) || (own.immutable ?? false),
  };
}

function head(
  kind: string,
  { name, namespace }: Generator,
  { labels = {}, annotations = {}, immutable = false }: GeneratorOptions,
): AnyObject {
  const metadata = {
    ...(name === undefined ? {} : { name }),
    ...(namespace ? { namespace } : {}),
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  };
  return { apiVersion: 'v1', kind, metadata, ...(immutable ? { immutable } : {}) };
}

function configMap(generator: Generator, options: GeneratorOptions, contents: Contents): AnyObject {
  const all = [...contents];
  const data = Object.fromEntries(all.filter(([, bytes]) => isText(bytes)).map(([key, bytes]) => [key, bytes.toString()]));
  const binaryData = Object.fromEntries(all.filter(([, bytes]) => !isText(bytes)).map(([key, bytes]) => [key, base64Text(bytes)]));
  return {
    ...head('ConfigMap', generator, options),
    ...(Object.keys(data).length > 0 ? { data } : {}),
    ...(Object.keys(binaryData).length > 0 ? { binaryData } : {}),
  };
}

function secret(generator: Generator, options: GeneratorOptions, contents: Contents): AnyObject {
  const data = Object.fromEntries([...contents].map(([key, bytes]) => [key, base64Text(bytes)]));
  const { type = 'Opaque' } = generator;
  return { ...head('Secret', generator, options), type: type || 'Opaque', ...(contents.size > 0 ? { data } : {}) };
}

function read(kind: string, generator: Generator, folder: string, files: Files): Contents {
  const { name, literals = [], files: sources = [], env, envs = [] } = generator;
  const contents: Contents = new Map();
  const add = (key: string, bytes: Buffer): void => {
    if (contents.has(key)) throw new Error(`${kind.toLowerCase()} ${name} illegally repeats the key \`${key}\``);
    contents.set(key, bytes);
  };
  const load = (path: string, what: string): Buffer => {
    const whole = files.join(folder, path);
    if (files.kindOf(whole) !== undefined) return files.read(whole);
    throw new Error(`loading KV pairs: ${what}: evalsymlink failure on '${whole}' : lstat ${whole}: no such file or directory`);
  };
  for (const path of [...envs, ...(env ? [env] : [])]) {
    for (const [key, value] of envPairs(load(path, `env source files: [${envs.join(' ')}]`).toString())) add(key, Buffer.from(value));
  }
  for (const source of sources) {
    const [first = '', ...rest] = source.split('=');
    const path = rest.length === 0 ? first : rest.join('=');
    const key = rest.length === 0 ? (path.split('/').at(-1) ?? '') : first;
    add(key, load(path, `file sources: [${sources.join(' ')}]`));
  }
  for (const literal of literals) {
    const at = literal.indexOf('=');
    if (at < 1)
      throw new Error(`loading KV pairs: literal sources [${literals.join(' ')}]: invalid literal source ${literal}, expected key=value`);
    add(literal.slice(0, at), Buffer.from(literal.slice(at + 1).replace(/^(["'])(.*)\1$/s, '$2')));
  }
  return contents;
}

function envPairs(text: string): [string, string][] {
  return text.split(/\r?\n/).flatMap((line): [string, string][] => {
    const trimmed = line.trimStart();
    if (trimmed === '' || trimmed.startsWith('#')) return [];
    const at = trimmed.indexOf('=');
    return at < 0 ? [[trimmed, process.env[trimmed] ?? '']] : [[trimmed.slice(0, at), trimmed.slice(at + 1)]];
  });
}

/** Adds what was generated, or, as `behavior` says, puts it into or in place of what has its name. */
function absorb(resources: readonly Resource[], made: Resource, { behavior = 'create' }: Generator): Resource[] {
  const [name] = made.names;
  const there = resources.find(({ names }) =>
    names.some(
      (each) => each.kind === name?.kind && each.name === name.name && (each.namespace || 'default') === (name.namespace || 'default'),
    ),
  );
  const id = `${made.object.kind}.v1.[noGrp]/${name?.name}.${name?.namespace || '[noNs]'}`;
  if (behavior !== 'merge' && behavior !== 'replace') {
    if (there)
      throw new Error(
        `merging from generator &{...}: id resid.ResId{...} exists; behavior must be merge or replace`.replaceAll('{...}', `{${id}}`),
      );
    return [...resources, made];
  }
  if (!there) throw new Error(`merging from generator: id ${id} does not exist; cannot merge or replace`);
  there.object =
    behavior === 'replace'
      ? {
          ...made.object,
          metadata: { ...there.object.metadata, ...made.object.metadata, name: there.object.metadata.name } as AnyObject['metadata'],
        }
      : union(there.object, made.object);
  there.hashed = made.hashed;
  return [...resources];
}

function union(before: AnyObject, more: AnyObject): AnyObject {
  const both = (field: 'data' | 'binaryData'): object => {
    const merged = { ...(before[field] as object | undefined), ...(more[field] as object | undefined) };
    return Object.keys(merged).length > 0 ? { [field]: merged } : {};
  };
  const pairs = (field: 'labels' | 'annotations'): object => {
    const merged = { ...before.metadata[field], ...more.metadata[field] };
    return Object.keys(merged).length > 0 ? { [field]: merged } : {};
  };
  return {
    ...before,
    ...both('data'),
    ...both('binaryData'),
    metadata: { ...before.metadata, ...pairs('labels'), ...pairs('annotations') },
  };
}

const lineLength = 70;

/** What fills a line or more stands in lines, each ended, as kustomize writes it: names depend on it. */
function base64Text(bytes: Buffer): string {
  const text = bytes.toString('base64');
  return text.length < lineLength ? text : text.replace(/.{1,70}/g, '$&\n');
}
