import type {
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  FlowcontrolV1Subject as Subject,
} from '@keelson/types';
import type { UserInfo } from '../../auth/types.ts';
import type { RequestInfo } from '../../http/request-info.ts';

/** What of a request decides which FlowSchema it belongs to. */
export type Asked = Pick<RequestInfo, 'isResource' | 'verb' | 'path' | 'group' | 'resource' | 'subresource' | 'namespace'>;
export type Asker = Pick<UserInfo, 'name' | 'groups'>;

/** Values of which one must fit; undefined where `*` lets any in. */
type Names = ReadonlySet<string> | undefined;

interface ResourceTest {
  readonly verbs: Names;
  readonly groups: Names;
  readonly resources: Names;
  readonly namespaces: Names;
  readonly clusterScope: boolean;
}

interface PathTest {
  readonly verbs: Names;
  readonly paths: Names;
  /** Ending in a slash: everything below them. */
  readonly prefixes: readonly string[];
}

/** One rule of one schema, as one of its subjects holds it. */
interface Candidate<T> {
  /** Of the schema among all: the least wins. */
  readonly order: number;
  readonly value: T;
  readonly resources: readonly ResourceTest[];
  readonly paths: readonly PathTest[];
}

type Candidates<T> = Map<string, Candidate<T>[]>;

const accountPrefix = 'system:serviceaccount:';

/**
 * FlowSchemas, compiled: finds the first by precedence, then name, that has a rule for a request. Rules are kept per subject, so a
 * request meets only those that name its user, one of its groups or the namespace of its service account.
 */
export class Classifier<T> {
  readonly #everyone: Candidate<T>[] = [];
  readonly #users: Candidates<T> = new Map();
  readonly #groups: Candidates<T> = new Map();
  readonly #namespaces: Candidates<T> = new Map();

  constructor(entries: Iterable<{ readonly schema: FlowSchema; readonly value: T }>) {
    for (const [order, { schema, value }] of [...entries].sort((a, b) => byPrecedence(a.schema, b.schema)).entries()) {
      for (const rule of schema.spec?.rules ?? []) this.#add(rule, order, value);
    }
  }

  find(asked: Asked, user: Asker): T | undefined {
    let best = earlier(this.#everyone, asked, undefined);
    best = earlier(this.#users.get(user.name), asked, best);
    for (const group of user.groups) best = earlier(this.#groups.get(group), asked, best);
    if (this.#namespaces.size > 0 && user.name.startsWith(accountPrefix)) {
      best = earlier(this.#namespaces.get(namespaceOf(user.name)), asked, best);
    }
    return best?.value;
  }

  #add({ subjects, resourceRules = [], nonResourceRules = [] }: PolicyRulesWithSubjects, order: number, value: T): void {
    const candidate = { order, value, resources: resourceRules.map(resourceTest), paths: nonResourceRules.map(pathTest) };
    for (const list of new Set(subjects.map((subject) => this.#listOf(subject)))) list?.push(candidate);
  }

  #listOf({ kind, user, group, serviceAccount }: Subject): Candidate<T>[] | undefined {
    if (kind === 'User' && user) return user.name === '*' ? this.#everyone : at(this.#users, user.name);
    if (kind === 'Group' && group) return group.name === '*' ? this.#everyone : at(this.#groups, group.name);
    if (kind !== 'ServiceAccount' || !serviceAccount) return undefined;
    const { namespace, name } = serviceAccount;
    return name === '*' ? at(this.#namespaces, namespace) : at(this.#users, `${accountPrefix}${namespace}:${name}`);
  }
}

/** In the order schemas are tried. */
export function byPrecedence(a: FlowSchema, b: FlowSchema): number {
  const difference = (a.spec?.matchingPrecedence ?? 0) - (b.spec?.matchingPrecedence ?? 0);
  return difference || ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1);
}

function at<T>(lists: Candidates<T>, key: string): Candidate<T>[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

/** The first of `list` that has a rule for the request, unless `best` comes before it. */
function earlier<T>(list: readonly Candidate<T>[] | undefined, asked: Asked, best: Candidate<T> | undefined): Candidate<T> | undefined {
  for (const candidate of list ?? []) {
    if (best && candidate.order >= best.order) return best;
    if (matches(candidate, asked)) return candidate;
  }
  return best;
}

function matches({ resources, paths }: Candidate<unknown>, asked: Asked): boolean {
  return asked.isResource ? resources.some((test) => fitsResource(test, asked)) : paths.some((test) => fitsPath(test, asked));
}

function fitsResource(test: ResourceTest, { verb, group, resource, subresource, namespace }: Asked): boolean {
  if (test.verbs && !test.verbs.has(verb)) return false;
  if (test.resources && !test.resources.has(subresource ? `${resource}/${subresource}` : resource)) return false;
  if (test.groups && !test.groups.has(group)) return false;
  if (namespace === '') return test.clusterScope;
  return !test.namespaces || test.namespaces.has(namespace);
}

/** As upstream: a path stands for all below it, with or without a star. */
function fitsPath({ verbs, paths, prefixes }: PathTest, { verb, path }: Asked): boolean {
  if (verbs && !verbs.has(verb)) return false;
  return !paths || paths.has(path) || prefixes.some((prefix) => path.startsWith(prefix));
}

function resourceTest({ verbs, apiGroups, resources, namespaces, clusterScope = false }: ResourcePolicyRule): ResourceTest {
  const [groups, places] = [names(apiGroups), names(namespaces)];
  return { verbs: names(verbs), groups, resources: names(resources), namespaces: places, clusterScope };
}

function pathTest({ verbs, nonResourceURLs = [] }: NonResourcePolicyRule): PathTest {
  const prefixes = nonResourceURLs.map((url) => url.replace(/\*$/, '')).map((url) => (url.endsWith('/') ? url : `${url}/`));
  return { verbs: names(verbs), paths: names(nonResourceURLs), prefixes };
}

function names(values: readonly string[] = []): Names {
  return values.includes('*') ? undefined : new Set(values);
}

function namespaceOf(account: string): string {
  const end = account.indexOf(':', accountPrefix.length);
  return end < 0 ? '' : account.slice(accountPrefix.length, end);
}
