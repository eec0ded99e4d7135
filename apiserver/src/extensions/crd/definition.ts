import type { KubeObject } from '@keelson/client';
import type { FieldError } from '@keelson/machinery';
import type { CustomResourceDefinition, CustomResourceDefinitionVersion, Kind } from '@keelson/types';
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
    ...(status ? { status: { leaves: 'metadata' as const, validateUpdate: change } } : {}),
    ...(scale ? { scale: scaleRules(scale) } : {}),
  };
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
