import type { MergeSchema } from '@keelson/machinery';
import { CustomResourceDefinition } from '@keelson/types';
import type { KindStore } from './kind-store.ts';
import type { Registry } from './registry.ts';

/** The schema by which fields of a kind merge that is not built in: its definition has it. Undefined where none is stated. */
export function customSchema(registry: Registry, { kind: { group, version, resource } }: KindStore): MergeSchema | undefined {
  if (!registry.find(CustomResourceDefinition.group, CustomResourceDefinition.version, CustomResourceDefinition.resource)) return undefined;
  const definition = registry.read(CustomResourceDefinition, '', `${resource}.${group}`);
  const served = definition?.spec.versions.find(({ name }) => name === version);
  return served?.schema?.openAPIV3Schema as MergeSchema | undefined;
}
