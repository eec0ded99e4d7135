/** Writes the descriptors of all kinds, and every type under a flat name. */
import type { Catalogue, KindRow } from './catalogue.ts';
import { header } from './emit-types.ts';
import { byText, type Model, type TypeModel } from './model.ts';
import { specials } from './special.ts';

/** Who gets the flat name where no kind and no core type has it. */
const preferred: ReadonlySet<string> = new Set(['rbac.v1.Subject']);

/** Written by hand in `src/meta.ts`, with type parameters. */
const byHand: ReadonlySet<string> = new Set(['meta.v1.WatchEvent']);

/** Flat names by type name: `Event` for core's, `EventsV1Event` for the other. */
export function flatNames(model: Model, catalogue: Catalogue): Map<string, string> {
  const kinds = new Set(catalogue.kinds.map((row) => row.typeName));
  const names = new Map<string, string>();
  const exported = [...model.values()].filter((type) => !byHand.has(type.typeName) && isExported(type));
  for (const [name, types] of Map.groupBy(exported, (type) => type.name)) {
    const winner = chooseOwner(types, kinds);
    for (const type of types) names.set(type.typeName, type === winner ? name : longName(type, winner));
  }
  return names;
}

/** JSON and its like would shadow what TypeScript itself calls so; they are reached through their module. */
const isExported = (type: TypeModel): boolean => !(type.typeName in specials) || type.module === 'meta_v1';

function chooseOwner(types: readonly TypeModel[], kinds: ReadonlySet<string>): TypeModel | undefined {
  const groups = new Set(types.map((type) => type.module.split('_')[0]));
  if (groups.size === 1) return types.toSorted((a, b) => byText(b.module, a.module))[0];
  const isKind = (type: TypeModel) => kinds.has(type.typeName) || (type.gvk !== undefined && type.name.endsWith('List'));
  const ranks = [isKind, (type: TypeModel) => type.module === 'core_v1', (type: TypeModel) => preferred.has(type.typeName)];
  for (const rank of ranks) {
    const best = types.filter(rank);
    if (best.length > 0) return best.find((type) => type.module === 'core_v1') ?? best[0];
  }
  return undefined;
}

/** `HorizontalPodAutoscalerV1` beside another version of its own group, else `EventsV1Event`. */
function longName(type: TypeModel, winner: TypeModel | undefined): string {
  const [group = '', version = ''] = type.module.split('_');
  if (winner?.module.startsWith(`${group}_`)) return `${type.name}${version.toUpperCase()}`;
  return `${group.charAt(0).toUpperCase()}${group.slice(1)}${version.toUpperCase()}${type.name}`;
}

/** `kinds.ts`: only what is needed at run time, and the types of the same names. */
export function emitKinds(model: Model, catalogue: Catalogue): string {
  const flat = flatNames(model, catalogue);
  const rows = catalogue.kinds.map((row) => ({ row, type: typeOf(model, row), name: flat.get(row.typeName) ?? '' }));
  const modules = [...new Set(rows.map(({ type }) => type.module))];
  const named = (wanted: boolean) => rows.filter(({ row }) => (row.resource !== '') === wanted).map(({ name }) => `  ${name},\n`);
  return [
    header,
    `import { type Kind, kind } from '../src/kind.ts';\n`,
    ...modules.map((m) => `import type * as ${m} from './types/${m}.ts';\n`),
    ...rows.map(({ row, type, name }) => emitKind(row, type, name)),
    '\n/** Every kind that has a resource of its own. */\n',
    `export const allKinds: readonly Kind[] = [\n${named(true).join('')}];\n`,
    '\n/** Kinds that are only the body of a subresource. */\n',
    `export const subresourceKinds: readonly Kind[] = [\n${named(false).join('')}];\n`,
  ].join('');
}

/** `flat.ts`: all other types under their flat names, and the modules as namespaces. Never loaded at run time. */
export function emitFlat(model: Model, catalogue: Catalogue): string {
  const flat = flatNames(model, catalogue);
  const kinds = new Set(catalogue.kinds.map((row) => row.typeName));
  const modules = Map.groupBy(model.values(), (type) => type.module);
  const namespaces = [...modules.keys()].map((m) => `export type * as ${m} from './types/${m}.ts';\n`);
  return [header, ...namespaces, ...[...modules].map(([module, types]) => reexports(module, types, flat, kinds))].join('');
}

function typeOf(model: Model, row: KindRow): TypeModel {
  const type = model.get(row.typeName);
  if (!type?.gvk) throw new Error(`kinds.tsv: ${row.typeName} is no kind of this release`);
  return type;
}

function reexports(module: string, types: readonly TypeModel[], flat: ReadonlyMap<string, string>, kinds: ReadonlySet<string>): string {
  const lines = types.flatMap((type) => {
    const name = flat.get(type.typeName);
    if (name === undefined || kinds.has(type.typeName)) return [];
    return [name === type.name ? `  ${name},\n` : `  ${type.name} as ${name},\n`];
  });
  return lines.length === 0 ? '' : `export type {\n${lines.join('')}} from './types/${module}.ts';\n`;
}

function emitKind(row: KindRow, type: TypeModel, name: string): string {
  const { group = '', version = '', kind = '' } = type.gvk ?? {};
  const list = (words: readonly string[]) => `[${words.map((w) => `'${w}'`).join(', ')}]`;
  const facts = [
    group !== '' && `group: '${group}'`,
    version !== 'v1' && `version: '${version}'`,
    `kind: '${kind}'`,
    `resource: '${row.resource}'`,
    row.shortNames.length > 0 && `shortNames: ${list(row.shortNames)}`,
    row.categories.length > 0 && `categories: ${list(row.categories)}`,
    !row.namespaced && 'namespaced: false',
    !row.stored && 'stored: false',
    `typeName: '${row.typeName}'`,
  ].filter((fact) => fact !== false);
  const source = `${type.module}.${type.name}`;
  return `\nexport type ${name} = ${source};\nexport const ${name}: Kind<${source}> = kind({ ${facts.join(', ')} });\n`;
}
