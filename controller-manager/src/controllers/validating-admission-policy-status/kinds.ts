import { type CelType, type DeclaredSchema, declare } from '@keelson/cel';
import { allKinds, type CustomResourceDefinition, type CustomResourceDefinitionVersion, type Kind } from '@keelson/types';
import type { Schemas } from '@keelson/types/schemas';
import type { KindTypes, TypedKind } from './plan.ts';

/** The kinds that are built in, and those that definitions in the cluster make. */
export function kindTypes(schemas: Schemas, definitions: readonly CustomResourceDefinition[]): KindTypes {
  const resolve = (name: string): DeclaredSchema | undefined => schemas[name];
  const typed = ({ group, version, kind, typeName }: Kind): TypedKind | undefined => {
    const declared = declare({ $ref: typeName }, { name: typeName, root: true, resolve });
    return declared && { group, version, kind, type: declared.type };
  };
  return {
    byResource(group, version, resource) {
      const built = allKinds.find((one) => one.group === group && one.version === version && one.resource === resource);
      if (built) return typed(built);
      return custom(
        definitions.find(({ spec }) => spec.group === group && spec.names.plural === resource),
        version,
      );
    },
    byKind(apiVersion, kind) {
      const built = allKinds.find((one) => one.apiVersion === apiVersion && one.kind === kind);
      if (built) return typed(built);
      const [version = '', group = ''] = apiVersion.split('/').toReversed();
      return custom(
        definitions.find(({ spec }) => spec.group === group && spec.names.kind === kind),
        version,
      );
    },
  };
}

function custom(definition: CustomResourceDefinition | undefined, version: string): TypedKind | undefined {
  const served = definition?.spec.versions.find((one) => one.name === version && one.served);
  const type = served && typeOf(served, `${definition?.spec.group}.${version}.${definition?.spec.names.kind}`);
  return definition && type && { group: definition.spec.group, version, kind: definition.spec.names.kind, type };
}

function typeOf({ schema }: CustomResourceDefinitionVersion, name: string): CelType | undefined {
  return declare((schema?.openAPIV3Schema ?? { type: 'object' }) as DeclaredSchema, { name, root: true })?.type;
}
