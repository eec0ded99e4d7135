import { parseYaml, parseYamlDocuments } from '@keelson/machinery';
import type { AnyObject } from '../types.ts';
import { withHash } from '../verbs/create/hash.ts';
import { generate } from './generators.ts';
import { inOrder } from './order.ts';
import { applyPatch } from './patch.ts';
import { updateReferences } from './references.ts';
import { replace } from './replacements.ts';
import { transform } from './transform.ts';
import { type Kustomization, type Patch, type Resource, rename, resource, type Surroundings } from './types.ts';

const fileNames = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

/** What kustomize does and this does not: a build that needs it fails, rather than print something else. */
const unsupported = [
  'vars',
  'transformers',
  'generators',
  'validators',
  'helmCharts',
  'helmChartInflationGenerator',
  'configurations',
  'crds',
  'openapi',
];

const known = new Set(
  [
    'apiVersion,kind,metadata,resources,bases,components,namePrefix,nameSuffix,namespace,commonLabels,labels,commonAnnotations,images,replicas',
    'configMapGenerator,secretGenerator,generatorOptions,patches,patchesStrategicMerge,patchesJson6902,replacements,sortOptions,buildMetadata',
    unsupported.join(),
  ]
    .join()
    .split(','),
);

const deprecated: Readonly<Record<string, string>> = {
  commonLabels: 'labels',
  bases: 'resources',
  patchesJson6902: 'patches',
  patchesStrategicMerge: 'patches',
};

/** The objects that the kustomization of a folder makes, in the order in which kustomize prints them. @throws Error in kustomize's words. */
export function build(folder: string, world: Surroundings): AnyObject[] {
  const kustomization = readKustomization(folder, world);
  const resources = accumulate(kustomization, { folder, above: [] }, [], world);
  for (const each of resources.filter(({ hashed }) => hashed)) {
    rename(each, () => {
      each.object.metadata.name = `${each.object.metadata.name}${hashSuffix(each.object)}`;
    });
  }
  updateReferences(resources);
  const order = kustomization.sortOptions?.order;
  if (order !== undefined && order !== 'fifo' && order !== 'legacy')
    throw new Error("the field 'sortOptions.order' must be one of [fifo, legacy]");
  const sorted = order === undefined || order === 'legacy' ? inOrder(resources) : resources;
  return sorted.map(({ object }) => object);
}

/** `-` and the hash of what an object holds, its name left out; nothing held is hashed as an empty text. */
function hashSuffix(object: AnyObject): string {
  return withHash({ ...object, data: object.data ?? '', metadata: { name: '' } }).metadata.name ?? '';
}

/** The folder of a kustomization, and those that lead to it. */
interface Place {
  readonly folder: string;
  readonly above: readonly string[];
}

function readKustomization(folder: string, { files, warn }: Surroundings): Kustomization {
  const found = fileNames.filter((name) => files.kindOf(files.join(folder, name)) === 'file');
  const [name] = found;
  if (name === undefined)
    throw new Error(`unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '${folder}'`);
  if (found.length > 1) throw new Error(`Found multiple kustomization files under: ${folder}\n`);
  const { value } = parseYaml(files.read(files.join(folder, name)).toString());
  if (value === null) throw new Error('kustomization.yaml is empty');
  const kustomization = withKnownNames(value as Readonly<Record<string, unknown>>) as Kustomization & Readonly<Record<string, unknown>>;
  const wrong = Object.keys(kustomization).find((field) => !known.has(field));
  if (wrong !== undefined) throw new Error(`invalid Kustomization: json: unknown field ${JSON.stringify(wrong)}`);
  for (const [old, now] of Object.entries(deprecated)) {
    if (kustomization[old] === undefined) continue;
    warn(
      `# Warning: '${old}' is deprecated. Please use '${now}' instead. Run 'kustomize edit fix' to update your Kustomization automatically.\n`,
    );
  }
  const strange = unsupported.find((field) => kustomization[field] !== undefined);
  if (strange !== undefined)
    throw new Error(`the field ${JSON.stringify(strange)} of ${files.join(folder, name)} is not supported by this kubectl`);
  return kustomization;
}

/** Go's JSON takes a field's name in letters of any case. */
function withKnownNames(read: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(read).map(([name, value]) => {
      const same = known.has(name) ? name : [...known].find((each) => each.toLowerCase() === name.toLowerCase());
      return [same ?? name, value];
    }),
  );
}

/** What a kustomization makes of `given`, which a component is handed, and of its own resources. */
function accumulate(kustomization: Kustomization, place: Place, given: readonly Resource[], world: Surroundings): Resource[] {
  const { resources: own = [], bases = [], components = [] } = kustomization;
  const { folder } = place;
  let resources = [...given];
  for (const path of [...own, ...bases]) resources = joined(resources, loadResource(path, place, world));
  for (const path of components) resources = loadComponent(path, place, resources, world);
  resources = generate(resources, kustomization, folder, world.files);
  for (const patch of patchesOf(kustomization, folder, world)) {
    const text = patch.patch ?? world.files.read(world.files.join(folder, patch.path ?? '')).toString();
    resources = applyPatch(resources, patch, text, world);
  }
  transform(resources, kustomization, world);
  replace(resources, kustomization, folder, world);
  return resources;
}

function joined(resources: readonly Resource[], more: readonly Resource[]): Resource[] {
  for (const { object } of more) {
    const twin = resources.some(({ object: other }) => idOf(other) === idOf(object));
    if (twin) throw new Error(`may not add resource with an already registered id: ${idOf(object)}`);
  }
  return [...resources, ...more];
}

function idOf({ apiVersion = '', kind, metadata }: AnyObject): string {
  const [version, group = ''] = apiVersion.split('/').reverse();
  return `${kind}.${version}.${group || '[noGrp]'}/${metadata?.name}.${metadata?.namespace || '[noNs]'}`;
}

function loadResource(path: string, place: Place, world: Surroundings): Resource[] {
  if (isRemote(path)) throw new Error(`accumulating resources: remote resources are not supported: ${path}`);
  const { files } = world;
  const whole = files.join(place.folder, path);
  if (files.kindOf(whole) !== 'folder') return readObjects(path, whole, world).map((object) => resource(object));
  const notFile = `accumulating resources: accumulation err='accumulating resources from '${path}': '${whole}' must resolve to a file'`;
  const inner = enter(whole, place, `${notFile}: `);
  const kustomization = readKustomization(whole, world);
  if (kustomization.kind === 'Component') throw new Error(`${notFile}: expected kind != 'Component' for path '${whole}'`);
  return accumulate(kustomization, inner, [], world);
}

function loadComponent(path: string, place: Place, resources: readonly Resource[], world: Surroundings): Resource[] {
  const whole = world.files.join(place.folder, path);
  if (world.files.kindOf(whole) !== 'folder')
    throw new Error(`accumulating components: accumulateDirectory: "must build at directory: '${whole}': file is not directory"`);
  const kustomization = readKustomization(whole, world);
  if (kustomization.kind !== 'Component') {
    throw new Error(
      `accumulating components: accumulateDirectory: "expected kind 'Component' for path '${whole}' but got '${kustomization.kind ?? 'Kustomization'}'"`,
    );
  }
  return accumulate(kustomization, enter(whole, place), resources, world);
}

function enter(folder: string, { folder: outer, above }: Place, doing = ''): Place {
  const chain = [...above, outer];
  if (chain.includes(folder)) throw new Error(`${doing}cycle detected: candidate root '${folder}' contains visited root '${outer}'`);
  return { folder, above: chain };
}

/** As `https://…`, `git@host:…` and `github.com/…` lead away. */
function isRemote(path: string): boolean {
  return /^[a-z+]+:\/\/|^[\w.-]+@[\w.-]+:|^(?:www\.)?(?:github|gitlab|bitbucket)\.(?:com|org)\/|\?ref=/.test(path);
}

function readObjects(path: string, whole: string, { files }: Surroundings): AnyObject[] {
  if (files.kindOf(whole) === undefined) {
    const missing = `evalsymlink failure on '${whole}' : lstat ${whole}: no such file or directory`;
    const folder = `must build at directory: not a valid directory: ${missing}`;
    throw new Error(`accumulating resources: accumulation err='accumulating resources from '${path}': ${missing}': ${folder}`);
  }
  return parseYamlDocuments(files.read(whole).toString()).flatMap(({ value }) => flat(value as AnyObject, path));
}

function flat(object: AnyObject, path: string): AnyObject[] {
  const { kind = '', items, metadata } = object;
  if (kind.endsWith('List') && Array.isArray(items)) return items.flatMap((item: AnyObject) => flat(item, path));
  const missing = kind === '' ? 'kind' : metadata?.name ? undefined : 'metadata.name';
  if (missing)
    throw new Error(
      `accumulating resources: accumulation err='accumulating resources from '${path}': missing ${missing} in object ${JSON.stringify(object)}'`,
    );
  return [object];
}

/** All patches of a kustomization, in the order of their kinds: merges, `patches`, then JSON patches. */
function patchesOf(
  { patches = [], patchesStrategicMerge = [], patchesJson6902 = [] }: Kustomization,
  folder: string,
  { files }: Surroundings,
): Patch[] {
  const merges = patchesStrategicMerge.map((entry) =>
    files.kindOf(files.join(folder, entry)) === 'file' ? { path: entry } : { patch: entry },
  );
  return [...merges, ...patches, ...patchesJson6902];
}
