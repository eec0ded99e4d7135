import { compareStrings } from '@keelson/machinery';
import type { AnyObject } from '../types.ts';

export const idLabel = 'applyset.kubernetes.io/id';
export const memberLabel = 'applyset.kubernetes.io/part-of';
/** On a CustomResourceDefinition, whatever its value: its objects may be parents. */
export const parentTypeLabel = 'applyset.kubernetes.io/is-parent-type';
export const toolingAnnotation = 'applyset.kubernetes.io/tooling';
export const kindsAnnotation = 'applyset.kubernetes.io/contains-group-kinds';
/** What `kindsAnnotation` was before it had that name. */
export const resourcesAnnotation = 'applyset.kubernetes.io/contains-group-resources';
export const namespacesAnnotation = 'applyset.kubernetes.io/additional-namespaces';

const tool = 'kubectl';

export interface GroupKind {
  readonly group: string;
  readonly kind: string;
}

export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}

/** The object that stands for a set. `namespace` is empty for cluster-scoped ones. */
export interface ParentKey extends GroupKind {
  readonly apiVersion: string;
  readonly namespace: string;
  readonly name: string;
}

/** The kinds of which a set has members, and the namespaces, beside its parent's, where they are. */
export interface Contents<K extends GroupKind = GroupKind> {
  readonly kinds: readonly K[];
  readonly namespaces: readonly string[];
}

/** Contents as a parent tells them: older ones name resources instead of kinds. */
export type Told = Contents | { readonly resources: readonly GroupResource[]; readonly namespaces: readonly string[] };

/** Reads `[RESOURCE][.GROUP]/NAME`; a name alone is that of a secret. @throws Error in kubectl's words. */
export function parseParent(text: string): GroupResource & { readonly name: string } {
  const slash = text.indexOf('/');
  const name = text.slice(slash + 1);
  const type = parseResource(slash < 0 ? 'secrets' : text.slice(0, slash));
  if (name === '') throw new Error(`invalid parent reference ${JSON.stringify(text)}: name cannot be blank`);
  if (type.resource === '')
    throw new Error(`invalid parent reference ${JSON.stringify(text)}: a resource must be present, got: ${type.group}/, Resource=`);
  return { ...type, name };
}

function parseResource(text: string): GroupResource {
  const [resource, group] = halves(text);
  return { resource, group };
}

/** What stands before and after the first dot. */
function halves(text: string): [string, string] {
  const dot = text.indexOf('.');
  return dot < 0 ? [text, ''] : [text.slice(0, dot), text.slice(dot + 1)];
}

/** `Deployment.apps`, `Secret`: as `contains-group-kinds` names kinds. */
export function groupKindText({ group, kind }: GroupKind): string {
  return group === '' ? kind : `${kind}.${group}`;
}

/** What the id of a set is the hash of. */
export function identityText({ name, namespace, kind, group }: ParentKey): string {
  return [name, namespace, kind, group].join('.');
}

/**
 * What a parent that exists tells of its set.
 * @param own how messages name the parent, and the id its set has.
 * @throws Error in kubectl's words when it is no parent, another's, or does not say what its set contains.
 */
export function readParent({ metadata }: AnyObject, own: { readonly title: string; readonly id: string }): Told {
  const { labels = {}, annotations = {} } = metadata;
  const parent = `ApplySet parent object ${JSON.stringify(own.title)}`;
  const tooling = annotations[toolingAnnotation];
  if (tooling === undefined)
    throw new Error(`${parent} already exists and is missing required annotation ${JSON.stringify(toolingAnnotation)}`);
  const user = tooling.replace(/\/[^/]*$/, '');
  if (user !== tool) throw new Error(`${parent} already exists and is managed by tooling ${JSON.stringify(user)} instead of "${tool}"`);
  const id = labels[idLabel];
  if (id === undefined) throw new Error(`${parent} exists and does not have required label ${idLabel}`);
  if (id !== own.id)
    throw new Error(`${parent} exists and has incorrect value for label ${JSON.stringify(idLabel)} (got: ${id}, want: ${own.id})`);
  const namespaces = list(annotations[namespacesAnnotation]);
  const { [kindsAnnotation]: kinds, [resourcesAnnotation]: resources } = annotations;
  if (kinds !== undefined) return { kinds: list(kinds).map(parseKind), namespaces };
  if (resources) return { resources: list(resources).map(parseResource), namespaces };
  const rule = `kubectl requires the ${JSON.stringify(kindsAnnotation)} annotation to be set on all ApplySet parent objects`;
  throw new Error(`parsing ApplySet annotation on ${JSON.stringify(own.title)}: ${rule}`);
}

function parseKind(text: string): GroupKind {
  const [kind, group] = halves(text);
  return { kind, group };
}

function list(text = ''): string[] {
  return text === '' ? [] : text.split(',');
}

/** The parent as it is applied. @param tooling the version of this kubectl. */
export function parentManifest(parent: ParentKey, id: string, contents: Contents, tooling: string): AnyObject {
  const { apiVersion, kind, name, namespace } = parent;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespace === '' ? {} : { namespace }),
      labels: { [idLabel]: id },
      annotations: {
        [toolingAnnotation]: `${tool}/${tooling}`,
        [kindsAnnotation]: sorted(contents.kinds.map(groupKindText)).join(','),
        [namespacesAnnotation]: sorted(contents.namespaces.filter((each) => each !== namespace)).join(','),
      },
    },
  };
}

function sorted(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort(compareStrings);
}

/** All that either of two contents has. */
export function union<K extends GroupKind>(a: Contents<K>, b: Contents<K>): Contents<K> {
  const kinds = new Map([...a.kinds, ...b.kinds].map((kind) => [groupKindText(kind), kind]));
  return { kinds: [...kinds.values()], namespaces: sorted([...a.namespaces, ...b.namespaces]) };
}

/** The lists among which the members of a set are: by kind, then by namespace; none for cluster-scoped kinds. */
export function searches<K extends GroupKind & { readonly namespaced: boolean }>(
  { kinds, namespaces }: Contents<K>,
  parent: ParentKey,
): { readonly mapping: K; readonly namespace: string | undefined }[] {
  const all = sorted(parent.namespace === '' ? namespaces : [...namespaces, parent.namespace]);
  return kinds
    .toSorted((a, b) => compareStrings(groupKindText(a), groupKindText(b)))
    .flatMap((mapping) => (mapping.namespaced ? all : [undefined]).map((namespace) => ({ mapping, namespace })));
}

/** The manifest as a member of a set. @throws Error when it says of itself whose member it is. */
export function asMember(object: AnyObject, id: string): AnyObject {
  const labels = object.metadata?.labels ?? {};
  if (Object.hasOwn(labels, memberLabel)) throw new Error(`ApplySet label ${JSON.stringify(memberLabel)} already set in input data`);
  return { ...object, metadata: { ...object.metadata, labels: { ...labels, [memberLabel]: id } } };
}
