import { parseYamlDocuments, type YamlDocument } from '@keelson/machinery';

/** One document of a preferences file: what it holds, and what a strict reader would not take of it. */
export interface Chosen {
  readonly file: Record<string, unknown>;
  readonly problem: string | undefined;
}

const optionFields = { name: {}, default: {} };
const aliasFields = { name: {}, command: {}, prependArgs: {}, appendArgs: {} };

/** Fields by their names, those of the elements of lists among them. */
interface Fields {
  readonly [name: string]: Fields;
}

const head: Fields = { apiVersion: {}, kind: {} };

const versions: Readonly<Record<string, Fields>> = {
  'kubectl.config.k8s.io/v1alpha1': {
    ...head,
    aliases: { ...aliasFields, flags: optionFields },
    overrides: { command: {}, flags: optionFields },
  },
  'kubectl.config.k8s.io/v1beta1': {
    ...head,
    aliases: { ...aliasFields, options: optionFields },
    defaults: { command: {}, options: optionFields },
    credentialPluginPolicy: {},
    credentialPluginAllowlist: { name: {}, command: {} },
  },
};

/**
 * The first document that is a preference of a known version; undefined for an empty file. `say` hears of each document why it is taken or
 * passed over.
 * @throws Error when there are documents, but no preference.
 */
export function choosePreferences(text: string, path: string, say: (text: string) => void): Chosen | undefined {
  const documents = documentsOf(text);
  for (const [i, document] of documents.entries()) {
    const file = document.value as Record<string, unknown>;
    const { apiVersion = '', kind = '' } = file as { readonly apiVersion?: string; readonly kind?: string };
    const fields = kind === 'Preference' && Object.hasOwn(versions, apiVersion) ? versions[apiVersion] : undefined;
    if (fields && lists.every((name) => isList(file[name]))) {
      say(`using entry ${i + 1} (${apiVersion}) in ${path}`);
      return { file, problem: strictProblem(document, fields) };
    }
    say(`strict decoding error for entry ${i + 1} in ${path}: ${unknownKind(apiVersion, kind)}`);
  }
  if (documents.length > 0) throw new Error(`no valid preferences found in ${path}, use --v=5 to see details`);
  say(`no preferences found in ${path}`);
  return undefined;
}

const lists = ['aliases', 'overrides', 'defaults', 'credentialPluginAllowlist'] as const;

function isList(value: unknown): boolean {
  return value === undefined || value === null || Array.isArray(value);
}

/** What cannot be read is one document that is no preference. */
function documentsOf(text: string): readonly YamlDocument[] {
  try {
    return parseYamlDocuments(text);
  } catch {
    return [{ value: {}, duplicates: [] }];
  }
}

/** Why no preference is of this version and kind. */
export function unknownKind(apiVersion: string, kind: string): string {
  return `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`;
}

function strictProblem({ value, duplicates }: YamlDocument, fields: Fields): string | undefined {
  const twice = duplicates.map(({ key, line }) => `yaml: line ${line}: key ${JSON.stringify(key)} already set in map`);
  const problems = [...twice, ...unknownFields(value, fields, '').map((path) => `unknown field ${JSON.stringify(path)}`)];
  return problems.length === 0 ? undefined : `strict decoding error: ${problems.join(', ')}`;
}

function unknownFields(value: unknown, fields: Fields, path: string): string[] {
  if (Array.isArray(value)) return value.flatMap((each, i) => unknownFields(each, fields, `${path}[${i}]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const here = path === '' ? name : `${path}.${name}`;
    return Object.hasOwn(fields, name) ? unknownFields(inner, fields[name] as Fields, here) : [here];
  });
}
