import type { KubeObject } from '@keelson/client';
import { copyOf } from '@keelson/machinery';
import { Namespace, type ObjectMeta } from '@keelson/types';
import type { AdmissionAttributes } from '../../admission/types.ts';
import type { KindStore } from '../../registry/kind-store.ts';
import { fromStored, prepared, toStored } from '../../registry/versions.ts';
import type { Writable } from '../../registry/writable.ts';
import type { Subject } from './match.ts';

/** What the rules and selectors of a webhook or policy look at, in a version of the kind. */
export function subjectOf(attributes: AdmissionAttributes, version: KindStore = requestedOf(attributes)): Subject {
  const { operation, subresource, namespace, object, old, registry } = attributes;
  const { group, version: name, resource, namespaced } = version.kind;
  const labels = [object, old].map((one) => one && ((one.metadata as ObjectMeta | undefined)?.labels ?? {}));
  const itself = group === '' && resource === 'namespaces';
  const within = namespaced ? (registry.read(Namespace, '', namespace)?.metadata.labels ?? {}) : undefined;
  const where = { operation, group, version: name, resource, subresource, namespaced };
  return { ...where, labels, namespaceLabels: itself ? (labels[0] ?? labels[1]) : within };
}

/** The version the client speaks; of what is written besides, the stored one. */
export function requestedOf({ requested, store }: AdmissionAttributes): KindStore {
  return requested?.hub === store.hub ? requested : store;
}

/**
 * The version in which something is to see a write: the client's own when that matches; otherwise, unless only exact matches count, another
 * version of the same kind that does. Undefined when it is not asked.
 */
export function matchedVersion(
  attributes: AdmissionAttributes,
  matchPolicy: string | undefined,
  fits: (subject: Subject) => boolean,
): KindStore | undefined {
  const requested = requestedOf(attributes);
  if (fits(subjectOf(attributes, requested))) return requested;
  if (matchPolicy === 'Exact') return undefined;
  const others = [...attributes.registry.stores].filter((one) => one !== requested && one.hub === requested.hub);
  return others.find((one) => fits(subjectOf(attributes, one)));
}

/** The write as a version of the kind shows it. What is shown in the stored version is the object itself. */
export async function shownIn(attributes: AdmissionAttributes, version: KindStore): Promise<AdmissionAttributes> {
  const { object, old, store } = attributes;
  if (version.kind.apiVersion === store.kind.apiVersion || !version.definition.version || attributes.operation === 'CONNECT')
    return attributes;
  const show = async (one: KubeObject | undefined): Promise<KubeObject | undefined> => {
    if (!one) return undefined;
    await prepared(version, [one]);
    return fromStored(version, copyOf(one));
  };
  return { ...attributes, store: version, object: await show(object), old: await show(old) };
}

/** Takes over what was made of a shown object, if it is not the object itself. @throws StatusError for what is wrong in that version. */
export async function takeBack(attributes: AdmissionAttributes, shown: AdmissionAttributes): Promise<void> {
  if (shown === attributes || !attributes.object || !shown.object) return;
  replace(attributes.object, await toStored(shown.store, shown.object as Writable, attributes.old as Writable | undefined));
}

/** The object all hold stays the same one; what is in it is another. */
export function replace(object: KubeObject, next: KubeObject): void {
  for (const name of Object.keys(object)) if (!(name in next)) delete (object as unknown as Record<string, unknown>)[name];
  Object.assign(object, next);
}
