import type { KubeObject } from '@keelson/client';
import { type FieldError, goQuote } from '@keelson/machinery';
import type { CustomResourceDefinition, CustomResourceDefinitionVersion, Kind } from '@keelson/types';
import { byPreference } from '../../discovery/documents.ts';
import type { KindDefinition, ScaleRules } from '../../kinds/types.ts';
import { columnsOf } from './columns.ts';
import { applyDefaults } from './defaults.ts';
import { readMember, writeMember } from './members.ts';
import { hasRules, ruleErrors } from './rules.ts';
import type { Schema } from './schema.ts';
import { validateValue } from './validate.ts';

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
  const ruled = hasRules(schema);
  const validate = (object: KubeObject): FieldError[] => validateValue(object, schema);
  const rules = (next: KubeObject, old?: KubeObject): FieldError[] => (ruled ? ruleErrors(next, old, schema) : []);
  const change = (next: KubeObject, old: KubeObject): FieldError[] => [...validate(next), ...rules(next, old)];
  const { scale, status } = version.subresources ?? {};
  return {
    kind: kindOf(definition, version),
    deprecation: version.deprecated ? (version.deprecationWarning ?? deprecationOf(definition, version)) : undefined,
    schema: version.schema?.openAPIV3Schema ?? schema,
    prefix: prefixOf(definition),
    conditionalUpdateOnly: true,
    generation: true,
    defaults: (object) => applyDefaults(object, schema),
    columns: columnsOf(version.additionalPrinterColumns),
    selectableFields: Object.fromEntries(
      (version.selectableFields ?? []).map(({ jsonPath }) => [jsonPath.replace(/^\./, ''), (object) => text(readMember(object, jsonPath))]),
    ),
    validate: (object) => (object.metadata.resourceVersion ? validate(object) : [...validate(object), ...rules(object)]),
    validateUpdate: rules,
    warnings: finalizerWarnings,
    ...(status ? { status: { leaves: 'metadata' as const, validateUpdate: change } } : {}),
    ...(scale ? { scale: scaleRules(scale) } : {}),
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

type Scale = NonNullable<NonNullable<CustomResourceDefinitionVersion['subresources']>['scale']>;

function scaleRules({ specReplicasPath, statusReplicasPath, labelSelectorPath }: Scale): ScaleRules<KubeObject> {
  return {
    replicas: (object) => count(readMember(object, specReplicasPath)),
    setReplicas: (object, replicas) => writeMember(object, specReplicasPath, replicas),
    statusReplicas: (object) => count(readMember(object, statusReplicasPath)),
    selector: (object) => (labelSelectorPath ? text(readMember(object, labelSelectorPath)) : ''),
  };
}

function count(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

function text(value: unknown): string {
  return value === undefined || value === null ? '' : String(value);
}

/** Of finalizers that were not there before, and are neither somebody's own nor Kubernetes'. */
function finalizerWarnings({ metadata: { finalizers = [] } }: Finalized, old: Finalized | undefined): string[] {
  const strange = finalizers.filter((name) => !name.includes('/') && !wellKnown.has(name) && !old?.metadata.finalizers?.includes(name));
  return strange.map(
    (name) =>
      `metadata.finalizers: ${goQuote(name)}: prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers`,
  );
}

type Finalized = KubeObject & { readonly metadata: { readonly finalizers?: readonly string[] | undefined } };
const wellKnown = new Set(['orphan', 'foregroundDeletion', 'kubernetes']);
