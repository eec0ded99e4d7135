/** Reads `catalogue/`: the facts that no npm package holds. Its grammar is told in `catalogue/README.md`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface KindRow {
  readonly typeName: string;
  /** Empty for a kind that is only the body of a subresource. */
  readonly resource: string;
  readonly namespaced: boolean;
  readonly stored: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
}

/** How a field's lists and maps merge. */
export interface MergeRule {
  readonly listType?: 'atomic' | 'map' | 'set';
  readonly mapType?: 'atomic' | 'granular';
  readonly keys?: readonly string[];
  readonly patchStrategy?: string;
  readonly patchMergeKey?: string;
}

/** A message's field as written; what it leaves out follows from the schema. */
export interface MessageField {
  readonly number: number;
  /** Empty where the message's fields are the parent's own in JSON. */
  readonly name: string;
  /** `Type`, `[]Type` or `<Type>`; undefined where the schema says it. */
  readonly type: string | undefined;
}

export interface Catalogue {
  readonly kinds: readonly KindRow[];
  /** By `core.v1.PodSpec.containers`; by `core.v1.NodeSelector` for the type as a whole. */
  readonly merge: ReadonlyMap<string, MergeRule>;
  readonly defaults: ReadonlyMap<string, string | number | boolean>;
  /** By type name. */
  readonly messages: ReadonlyMap<string, readonly MessageField[]>;
}

export function readCatalogue(folder: string): Catalogue {
  const lines = (path: string) =>
    readFileSync(join(folder, path), 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const messages = readdirSync(join(folder, 'protobuf'))
    .sort()
    .flatMap((file) => lines(`protobuf/${file}`).map((line) => readMessage(file, line)));
  return {
    kinds: lines('kinds.tsv').slice(1).map(readKind),
    merge: readMerge(lines('merge.txt')),
    defaults: new Map(lines('defaults.txt').map(readDefault)),
    messages: new Map(messages),
  };
}

const words = (cell: string | undefined): string[] => (cell === undefined || cell === '-' ? [] : cell.split(','));

function readKind(line: string): KindRow {
  const [typeName = '', resource = '', scope, servedAs, shortNames, categories] = line.split('\t');
  return {
    typeName,
    resource: resource === '-' ? '' : resource,
    namespaced: scope === 'namespaced',
    stored: servedAs === 'stored',
    shortNames: words(shortNames),
    categories: words(categories),
  };
}

function readDefault(line: string): [string, string | number | boolean] {
  const [path = '', value = ''] = line.split(' = ');
  return [path, JSON.parse(value) as string | number | boolean];
}

function readMerge(lines: readonly string[]): Map<string, MergeRule> {
  const rules = new Map<string, MergeRule>();
  let type = '';
  for (const line of lines) {
    if (!line.startsWith(' ')) {
      type = line;
      continue;
    }
    const [field = '', rest = ''] = line.trim().split(': ');
    if (field === 'atomic' || field === 'set') {
      for (const name of rest.split(' ')) rules.set(`${type}.${name}`, { listType: field });
    } else if (field === 'whole') rules.set(type, { mapType: rest === 'granular' ? 'granular' : 'atomic' });
    else rules.set(`${type}.${field}`, readRule(rest));
  }
  return rules;
}

/** `map(name) patch merge(name)`, `atomic`, `map-atomic`, `patch retainKeys`. */
function readRule(text: string): MergeRule {
  const parts = /^(?:map-(atomic|granular) ?)?(?:(atomic|set|map)(?:\(([^)]*)\))? ?)?(?:patch ([\w,]+)(?:\((\w+)\))?)?$/.exec(text);
  if (!parts) throw new Error(`merge.txt: cannot read "${text}"`);
  const [, mapType, listType, keys, patchStrategy, patchMergeKey] = parts;
  return {
    ...(mapType && { mapType: mapType as 'atomic' | 'granular' }),
    ...(listType && { listType: listType as 'atomic' | 'map' | 'set' }),
    ...(keys && { keys: keys.split(',') }),
    ...(patchStrategy && { patchStrategy }),
    ...(patchMergeKey && { patchMergeKey }),
  };
}

/** `Probe: ~ProbeHandler initialDelaySeconds timeoutSeconds=5 extra:<ExtraValue>`; a field without number follows the one before. */
function readMessage(file: string, line: string): [string, MessageField[]] {
  const scope = file.replace('.txt', '').replace('_', '.');
  const colon = line.indexOf(':');
  const words = line
    .slice(colon + 1)
    .split(' ')
    .filter((word) => word !== '');
  let number = 0;
  const fields = words.map((word): MessageField => {
    const parts = /^(~?)([^=:]+)(?:=(\d+))?(?::(.+))?$/.exec(word);
    if (!parts) throw new Error(`protobuf/${file}: cannot read "${word}"`);
    const [, inlined, label = '', written, type] = parts;
    number = written === undefined ? number + 1 : Number(written);
    return inlined ? { number, name: '', type: label } : { number, name: label, type };
  });
  return [`${scope}.${line.slice(0, colon)}`, fields];
}
