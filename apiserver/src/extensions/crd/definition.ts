import type { KubeObject } from '@keelson/client';
import { type FieldError, forbidden, goQuote } from '@keelson/machinery';
import type { CustomResourceDefinition, CustomResourceDefinitionVersion, Kind } from '@keelson/types';
import { byPreference } from '../../discovery/documents.ts';
import type { KindDefinition } from '../../kinds/types.ts';
import { schemaCheck } from './checks.ts';
import { columnsOf } from './columns.ts';
import { applyDefaults } from './defaults.ts';
import { memberText, readMember } from './members.ts';
import { scaleErrors, scaleRules } from './scale.ts';
import type { Schema } from './schema.ts';

/** The schema of one version, for everything that walks values. A version without one takes all. */
export function schemaOf({ schema }: CustomResourceDefinitionVersion): Schema {
  return (schema?.openAPIV3Schema as Schema | undefined) ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
}

/** How a custom resource's type is known to the decoder. */
export function typeNameOf(group: string, version: string, kind: string): string {
  return `${group}/${version}.${kind}`;
}

/** Where all versions of a custom resource are stored. */
export function prefixOf({ spec }: CustomResourceDefinition): string {
  return `/registry/${spec.group}/${spec.names.plural}/`;
}

/** One served version of a definition as the kind the engine works with. Names are those the definition was granted. */
export function kindDefinition(definition: CustomResourceDefinition, version: CustomResourceDefinitionVersion): KindDefinition {
  const schema = schemaOf(version);
  const { scale, status } = version.subresources ?? {};
  const check = schemaCheck(schema, scale ? (object) => scaleErrors(scale, object) : undefined);
  const told = new WeakMap<KubeObject, readonly string[]>();
  const change = (next: KubeObject, old: KubeObject): FieldError[] => {
    const { errors, warnings } = check(next, old);
    told.set(next, warnings);
    return [...errors];
  };
  return {
    kind: kindOf(definition, version),
    deprecation: version.deprecated ? (version.deprecationWarning ?? deprecationOf(definition, version)) : undefined,
    schema: version.schema?.openAPIV3Schema ?? schema,
    prefix: prefixOf(definition),
    conditionalUpdateOnly: true,
    anyFinalizers: true,
    generation: true,
    defaults: (object) => applyDefaults(object, schema),
    toldVerbs: ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'],
    ...(isTerminating(definition) ? { prepareCreate: refuseCreate(definition), toldVerbs: verbsOfTheLeaving } : {}),
    columns: columnsOf(version.additionalPrinterColumns),
    selectableFields: Object.fromEntries(
      (version.selectableFields ?? []).map(({ jsonPath }) => [
        jsonPath.replace(/^\./, ''),
        (object) => memberText(readMember(object, jsonPath)),
      ]),
    ),
    // What is there already is looked at as it changes.
    validate: (object) => (object.metadata.resourceVersion ? [] : [...check(object).errors]),
    validateUpdate: change,
    warnings: (next, old) => [...(told.get(next) ?? []), ...finalizerWarnings(next, old)],
    ...(status ? { status: { leaves: 'metadata' as const, validateUpdate: change } } : {}),
    ...(scale ? { scale: scaleRules(scale) } : {}),
  };
}

/** What discovery tells of while objects go: upstream leaves out what would bring more, though it serves it. */
const verbsOfTheLeaving = ['delete', 'deletecollection', 'get', 'list', 'watch'] as const;

/** Whether its objects are to go, or going. They are gone before a definition that somebody else holds on to. */
function isTerminating({ status }: CustomResourceDefinition): boolean {
  return status?.conditions?.some((condition) => condition.type === 'Terminating' && condition.status === 'True') ?? false;
}

/** What is to go away takes nothing in any more. */
function refuseCreate({ spec: { group, names } }: CustomResourceDefinition): (object: KubeObject) => void {
  return ({ metadata }) => {
    throw forbidden(
      { group, resource: names.plural },
      metadata.name ?? '',
      'create not allowed while custom resource definition is terminating',
    );
  };
}

/** Names the version to use instead: the best of those that are better, and not deprecated themselves. */
function deprecationOf({ spec: { group, names, versions } }: CustomResourceDefinition, { name }: CustomResourceDefinitionVersion): string {
  const others = versions.filter(({ served, deprecated }) => served && !deprecated).map((other) => ({ version: other.name }));
  const better = others.filter((other) => byPreference(other, { version: name }) < 0).sort(byPreference)[0];
  const use = better ? `; use ${group}/${better.version} ${names.kind}` : '';
  return `${group}/${name} ${names.kind} is deprecated${use}`;
}

function kindOf({ spec, status }: CustomResourceDefinition, { name: version }: CustomResourceDefinitionVersion): Kind<KubeObject> {
  const { group, scope } = spec;
  const { plural, kind, listKind, singular, shortNames = [], categories = [] } = { ...spec.names, ...status?.acceptedNames };
  return {
    ...{ group, version, apiVersion: `${group}/${version}`, kind, listKind: listKind ?? `${kind}List` },
    ...{ resource: plural, singular: singular ?? kind.toLowerCase(), shortNames, categories },
    ...{ namespaced: scope === 'Namespaced', stored: true, typeName: typeNameOf(group, version, kind) },
  };
}

/** Of finalizers that were not there before, and are neither somebody's own nor Kubernetes'. */
function finalizerWarnings({ metadata: { finalizers = [] } }: Finalized, old: Finalized | undefined): string[] {
  const strange = finalizers.filter((name) => !name.includes('/') && !wellKnown.has(name) && !old?.metadata.finalizers?.includes(name));
  return strange.map((name) => {
    const path = name.includes('.') ? ' including a path (/)' : '';
    return `metadata.finalizers: ${goQuote(name)}: prefer a domain-qualified finalizer name${path} to avoid accidental conflicts with other finalizer writers`;
  });
}

type Finalized = KubeObject & { readonly metadata: { readonly finalizers?: readonly string[] | undefined } };
const wellKnown = new Set(['orphan', 'foregroundDeletion', 'kubernetes']);
