import { visitFields } from './fields.ts';
import { type Reference, references } from './specs.ts';
import type { Resource } from './types.ts';

/** Writes into every field that names an object of the build what that object is called now. */
export function updateReferences(resources: readonly Resource[]): void {
  const byKind = Map.groupBy(resources, ({ object }) => object.kind ?? '');
  for (const resource of resources) {
    for (const reference of references.filter(({ kind }) => kind === resource.object.kind)) {
      const candidates = byKind.get(reference.to) ?? [];
      if (candidates.length > 0 && isMeant(resource, reference)) update(resource, reference, candidates);
    }
  }
}

/** Where one field may name objects of several kinds, another says of which. */
function isMeant({ object }: Resource, { to, path }: Reference): boolean {
  if (path === 'spec/scaleTargetRef/name') return (object.spec as { scaleTargetRef?: { kind?: string } }).scaleTargetRef?.kind === to;
  if (path === 'roleRef/name') return (object.roleRef as { kind?: string } | undefined)?.kind === to;
  return true;
}

function update(resource: Resource, { path }: Reference, candidates: readonly Resource[]): void {
  visitFields(resource.object, path, false, (holder, field) => {
    const value = holder[field];
    if (typeof value === 'string') holder[field] = nameNow(resource, candidates, value) ?? value;
    else if (!Array.isArray(value)) retarget(candidates, value);
    else if (value.every((element) => typeof element === 'string')) {
      holder[field] = value.map((name: string) => nameNow(resource, candidates, name) ?? name);
    } else for (const element of value) retarget(candidates, element);
  });
}

function nameNow(from: Resource, candidates: readonly Resource[], name: string): string | undefined {
  return chosen(from, candidates, name, undefined)?.object.metadata.name;
}

/** An object with a name and a namespace, which both follow what they point at. */
function retarget(candidates: readonly Resource[], at: unknown): void {
  if (typeof at !== 'object' || at === null) return;
  const target = at as { name?: string; namespace?: string };
  if (target.name === undefined) return;
  const found = chosen(undefined, candidates, target.name, target.namespace ?? '');
  if (!found) return;
  target.name = found.object.metadata.name ?? '';
  if (found.object.metadata.namespace !== undefined) target.namespace = found.object.metadata.namespace;
}

/** The object that was called so. @param from who refers to it, and prefers who is in the same namespace or has the same prefixes. @param namespace where the reference says that it is. */
function chosen(
  from: Resource | undefined,
  candidates: readonly Resource[],
  name: string,
  namespace: string | undefined,
): Resource | undefined {
  const place = (text: string | undefined): string => text || 'default';
  const called = candidates.filter(({ names }) =>
    names.some((each) => each.name === name && (namespace === undefined || place(each.namespace) === place(namespace))),
  );
  const near = called.filter(
    ({ object, names }) =>
      from === undefined ||
      object.metadata.namespace === undefined ||
      from.object.metadata.namespace === undefined ||
      place(object.metadata.namespace) === place(from.object.metadata.namespace) ||
      names.some((each) => from.names.some((own) => place(own.namespace) === place(each.namespace))),
  );
  if (near.length <= 1) return near[0];
  const same = near.filter(({ affixes }) => affixes.join() === from?.affixes.join());
  return same.length === 1 ? same[0] : near.find(({ object }) => object.metadata.name === name) ? undefined : near[0];
}
