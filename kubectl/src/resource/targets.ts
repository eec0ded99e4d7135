import type { Cluster } from '../cluster.ts';
import { errorsOf, throwAll, UsageError } from '../errors.ts';
import type { FlagSpecs } from '../flags.ts';
import type { AnyObject, Shell } from '../types.ts';
import { parseResourceArguments } from './arguments.ts';
import { isNotFound, orCannotFind, orNoNamespace } from './cannot-find.ts';
import type { ApiResource } from './discovery.ts';
import { type Document, type FileSources, namesFiles, readDocuments, requireKind, requireType } from './files.ts';
import { getSubresource } from './subresource.ts';
import { untilState } from './watch.ts';

export const fileFlags = {
  filename: { type: 'list', short: 'f', help: 'Filename, directory, or URL to files identifying the resource' },
  kustomize: { type: 'string', short: 'k', help: "Process the kustomization directory. This flag can't be used together with -f or -R." },
  recursive: { type: 'bool', short: 'R', help: 'Process the directory used in -f, --filename recursively.' },
} as const satisfies FlagSpecs;

export const selectorFlag = {
  selector: {
    type: 'string',
    short: 'l',
    help: "Selector (label query) to filter on, supports '=', '==', '!=', 'in', 'notin'.(e.g. -l key1=value1,key2=value2,key3 in (value3))",
  },
} as const satisfies FlagSpecs;

export const selectionFlags = {
  ...fileFlags,
  ...selectorFlag,
  'field-selector': { type: 'string', help: "Selector (field query) to filter on, supports '=', '==', and '!='." },
  'all-namespaces': { type: 'bool', short: 'A', help: 'If present, list the requested object(s) across all namespaces.' },
} as const satisfies FlagSpecs;

export const localFlag = {
  local: { type: 'bool', help: 'If true, the command will NOT contact api-server for the objects but run on the manifests alone.' },
} as const satisfies FlagSpecs;

/** One object, or all of a type that selectors let through. */
export interface Target {
  readonly mapping: ApiResource;
  /** Absent for cluster-scoped kinds and for all namespaces. */
  readonly namespace: string | undefined;
  readonly name?: string | undefined;
  /** The manifest it was named by. */
  readonly local?: AnyObject;
  /** The manifest as it is written, where nothing is filled in. */
  readonly written?: AnyObject;
  readonly source?: string;
}

/** An object the server has, with where it is. */
export interface Found {
  readonly mapping: ApiResource;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly object: AnyObject;
  readonly source: string;
}

/** What flags and arguments select. */
export interface Selection {
  readonly args: readonly string[];
  readonly filenames?: readonly string[];
  /** The folder of a kustomization. */
  readonly kustomize?: string;
  readonly recursive?: boolean;
  readonly selector?: string;
  readonly fieldSelector?: string;
  /** Of named objects this part is fetched. */
  readonly subresource?: string;
  readonly allNamespaces?: boolean;
  /** `--all`: types alone are enough where names would be needed. */
  readonly all?: boolean;
  /** Objects are as their manifests say, and the server is not asked for them. */
  readonly local?: boolean;
}

/** The selection that `selectionFlags`, as far as a verb has them, say. */
export function selectionOf(context: { readonly args: readonly string[]; readonly flags: object }): Selection {
  const flags = context.flags as Readonly<Record<string, unknown>>;
  return {
    args: context.args,
    filenames: (flags.filename as string[] | undefined) ?? [],
    kustomize: (flags.kustomize as string | undefined) ?? '',
    recursive: flags.recursive === true,
    selector: (flags.selector as string | undefined) ?? '',
    fieldSelector: (flags['field-selector'] as string | undefined) ?? '',
    subresource: (flags.subresource as string | undefined) ?? '',
    allNamespaces: flags['all-namespaces'] === true,
    all: flags.all === true,
    local: flags.local === true,
  };
}

/**
 * What a selection names, nothing fetched. Manifests that do not say what they are go to `errors`, so that the others are not lost.
 * @throws Error in kubectl's words.
 */
export async function resolveTargets(cluster: Cluster, shell: Shell, selection: Selection, errors: unknown[] = []): Promise<Target[]> {
  const { args, filenames = [], kustomize = '', recursive = false, selector = '', fieldSelector = '' } = selection;
  const files: FileSources = { filename: filenames, kustomize, recursive, selector };
  if (namesFiles(files)) {
    if (args.length > 0)
      throw new UsageError(
        'when paths, URLs, or stdin is provided as resource input, you may not specify resource arguments as well',
        'examples',
      );
    return fileTargets(cluster, await readDocuments(files, shell, errors), errors);
  }
  const named = parseResourceArguments(args, selector !== '' || fieldSelector !== '');
  const mapper = await cluster.mapper();
  const namespace = selection.allNamespaces ? undefined : cluster.namespace;
  return named.flatMap(({ type, name }) => {
    const mappings = name === undefined ? mapper.expand(type) : [mapper.resolve(type)];
    return mappings.map((mapping) => {
      if (name !== undefined && selection.allNamespaces && mapping.namespaced) {
        throw new Error('a resource cannot be retrieved by name across all namespaces');
      }
      return { mapping, namespace: mapping.namespaced ? namespace : undefined, name };
    });
  });
}

async function fileTargets(cluster: Cluster, documents: readonly Document[], errors: unknown[]): Promise<Target[]> {
  const targets: Target[] = [];
  for (const document of documents) {
    try {
      requireType(document);
      targets.push(await targetOf(cluster, document));
    } catch (error) {
      errors.push(error);
    }
  }
  return targets;
}

/** The resource and place of one manifest, its namespace filled in. @throws Error in kubectl's words. */
export async function targetOf(
  cluster: Cluster,
  document: Document,
): Promise<Target & { readonly local: AnyObject; readonly source: string }> {
  requireKind(document);
  const { object, source } = document;
  const { apiVersion = '', kind = '' } = object;
  const { name = '', namespace: own = '' } = object.metadata ?? {};
  const mapping = (await cluster.mapper()).ofKind(apiVersion, kind);
  if (!mapping) {
    const place = `name: ${JSON.stringify(name)} namespace: ${JSON.stringify(own)} from ${JSON.stringify(source)}`;
    throw new Error(
      `resource mapping not found for ${place}: no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}\nensure CRDs are installed first`,
    );
  }
  if (!mapping.namespaced) return { mapping, namespace: undefined, name, local: object, source };
  if (own !== '' && cluster.namespaceGiven && own !== cluster.namespace) {
    throw new Error(
      `the namespace from the provided object ${JSON.stringify(own)} does not match the namespace ${JSON.stringify(cluster.namespace)}. You must pass '--namespace=${own}' to perform this operation.`,
    );
  }
  const namespace = own || cluster.namespace;
  return { mapping, namespace, name, local: { ...object, metadata: { ...object.metadata, namespace } }, written: object, source };
}

/** Fetches what targets name. What fails is collected, so that the rest is not lost. */
export async function fetchTargets(
  cluster: Cluster,
  targets: readonly Target[],
  selection: Selection,
): Promise<{ readonly found: Found[]; readonly errors: unknown[] }> {
  const found: Found[] = [];
  const errors: unknown[] = [];
  for (const target of targets) {
    try {
      found.push(...(await fetchTarget(cluster, target, selection)));
    } catch (error) {
      errors.push(error);
    }
  }
  return { found, errors };
}

async function fetchTarget(cluster: Cluster, target: Target, selection: Selection): Promise<Found[]> {
  const { selector = '', fieldSelector = '', subresource = '' } = selection;
  const { mapping, namespace, name, source = '' } = target;
  if (selection.local && target.local) return [{ mapping, namespace, name: name ?? '', object: target.written ?? target.local, source }];
  if (name !== undefined) {
    const object = await orNoNamespace(cluster, namespace, () =>
      subresource ? getSubresource(cluster, target, subresource) : cluster.api.get(mapping, { name, namespace }),
    );
    return [{ mapping, namespace, name, object, source }];
  }
  const items = await listAll(cluster, target, selector, fieldSelector);
  return items.map((object) => ({ mapping, namespace: object.metadata.namespace, name: object.metadata.name ?? '', object, source }));
}

/** All objects of a type, page by page. */
export async function listAll(
  cluster: Cluster,
  { mapping, namespace }: Target,
  labelSelector = '',
  fieldSelector = '',
): Promise<AnyObject[]> {
  const items: AnyObject[] = [];
  let token: string | undefined = '';
  do {
    const query = { namespace, labelSelector, fieldSelector, limit: 500, ...(token ? { continue: token } : {}) };
    const page: Awaited<ReturnType<typeof cluster.api.list<AnyObject>>> = await orCannotFind(mapping, query, () =>
      cluster.api.list(mapping, query),
    );
    items.push(...page.items);
    token = page.metadata.continue;
  } while (token);
  return items;
}

/** Hands the objects of a selection to `visit`, one after the other as they are found. What fails keeps nothing from the others. */
export async function eachFound(
  cluster: Cluster,
  shell: Shell,
  selection: Selection,
  visit: (found: Found) => Promise<void>,
): Promise<number> {
  if (selection.local && !selection.kustomize && !selection.filenames?.length) {
    const hint = "Example resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'";
    throw new Error(`you must specify resources by --filename when --local is set.\n${hint}`);
  }
  const unread: unknown[] = [];
  const targets = await resolveTargets(cluster, shell, selection, unread);
  requireNames(targets, selection);
  const errors: unknown[] = [];
  const attempt = async <T>(work: Promise<T>): Promise<T | undefined> => work.catch((error: unknown) => void errors.push(error));
  let count = 0;
  for (const target of targets) {
    const found = (await attempt(fetchTarget(cluster, target, selection))) ?? [];
    for (const each of found) await attempt(visit(each));
    count += found.length;
  }
  throwAll([...errors, ...unread].flatMap(errorsOf));
  return count;
}

/** @throws Error when types stand alone where names, a selector or `--all` are needed. */
export function requireNames(
  targets: readonly Target[],
  { all = false, selector = '', fieldSelector = '', args, filenames = [], kustomize = '' }: Selection,
): void {
  if (args.length === 0 && filenames.length === 0 && kustomize === '')
    throw new UsageError(
      "You must provide one or more resources by argument or filename.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'",
      'none',
    );
  if (all || selector !== '' || fieldSelector !== '') return;
  if (targets.some(({ name }) => name === undefined)) throw new Error('resource(s) were provided, but no name was specified');
}

/** The one object of `type name` or `type/name`; a name alone is of `defaultType`. */
export async function fetchOne(cluster: Cluster, args: readonly string[], defaultType?: string): Promise<Found> {
  const [first = ''] = args;
  const whole = args.length === 1 && !first.includes('/') && defaultType ? [defaultType, first] : args;
  const [named] = parseResourceArguments(whole);
  if (!named?.name) throw new Error('resource(s) were provided, but no name was specified');
  const mapping = (await cluster.mapper()).resolve(named.type);
  const namespace = mapping.namespaced ? cluster.namespace : undefined;
  const { name } = named;
  const object = await orNoNamespace(cluster, namespace, () => cluster.api.get(mapping, { name, namespace }));
  return { mapping, namespace, name, object, source: '' };
}

/**
 * Resolves when an object is gone, or another stands in its place.
 * @param timeout milliseconds; negative waits for a week.
 * @throws Error `timed out waiting for the condition`.
 */
export async function untilGone(cluster: Cluster, shell: Shell, target: Target, timeout: number, uid?: string): Promise<void> {
  const { clock, signal } = shell;
  const isGone = (object: AnyObject | undefined): boolean => !object || (uid !== undefined && object.metadata.uid !== uid);
  await untilState(cluster, target, { clock, signal, timeout }, isGone).catch((error: unknown) => {
    // A type that is served no more has no objects.
    if (!isNotFound(error)) throw error;
  });
}
