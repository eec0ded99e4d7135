import { createHash } from 'node:crypto';
import type { KubeObject } from '@keelson/client';
import { copyOf, internalError } from '@keelson/machinery';
import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '@keelson/types';
import type { KindDefinition } from '../../kinds/types.ts';
import type { Converter } from './conversion.ts';
import { applyDefaults } from './defaults.ts';
import { kindDefinition, schemaOf } from './definition.ts';
import { prune } from './prune.ts';
import { isMap, type Schema } from './schema.ts';

/** A definition's versions as kinds: the one that is stored, and those that are served. */
export interface ServedVersions {
  readonly stored: KindDefinition;
  readonly served: readonly KindDefinition[];
}

/** Objects converted by a webhook that are kept until they are read. */
const kept = 10_000;

/**
 * Where one version is all there is, and nothing is to be filled in on reading, it is served as it is stored, like any built-in kind.
 * Otherwise each served version is made from what is stored.
 */
export function servedVersions(definition: CustomResourceDefinition, converter: Converter): ServedVersions {
  const versions = definition.spec.versions;
  const storage = versions.find((version) => version.storage) ?? (versions[0] as CustomResourceDefinitionVersion);
  const served = versions.filter((version) => version.served);
  const stored = kindDefinition(definition, storage);
  const plain = served.length === 1 && served[0] === storage && onlyEver(definition, storage) && !hasDefaults(schemaOf(storage));
  if (plain) return { stored, served: [stored] };
  const alike = versions.every((version) => JSON.stringify(version.schema) === JSON.stringify(storage.schema));
  const hub = {
    ...stored,
    ...(alike ? {} : { validate: () => [] }),
    ...(converter.now ? { selectableFields: allFields(definition) } : {}),
  };
  return { stored: hub, served: served.map((version) => viewOf(definition, version, hub, converter)) };
}

/** By what objects can be selected in any version: where versions differ by name only, a field is the same in all of them. */
function allFields(definition: CustomResourceDefinition): NonNullable<KindDefinition['selectableFields']> {
  return Object.assign({}, ...definition.spec.versions.map((version) => kindDefinition(definition, version).selectableFields));
}

function onlyEver({ status }: CustomResourceDefinition, { name }: CustomResourceDefinitionVersion): boolean {
  return (status?.storedVersions ?? []).every((one) => one === name);
}

function hasDefaults(schema: Schema): boolean {
  if (schema.default !== undefined) return true;
  const { properties = {}, items, additionalProperties } = schema;
  const below = [...Object.values(properties), items, isMap(additionalProperties) ? (additionalProperties as Schema) : undefined];
  return below.some((child) => child !== undefined && hasDefaults(child));
}

function viewOf(
  definition: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
  hub: KindDefinition,
  converter: Converter,
): KindDefinition {
  const own = kindDefinition(definition, version);
  const schema = schemaOf(version);
  const { apiVersion } = own.kind;
  const schemas = new Map(definition.spec.versions.map((one) => [`${definition.spec.group}/${one.name}`, schemaOf(one)]));
  // Defaults are those of the version that is stored; what another version knows nothing of is not in it.
  const filled = (object: KubeObject): KubeObject => {
    applyDefaults(object, schemas.get(object.apiVersion ?? '') ?? schema);
    return object;
  };
  const pruned = (object: KubeObject, by: Schema): KubeObject => {
    prune(object, by);
    return object;
  };
  const made = new Map<string, KubeObject>();
  const fromStored = (stored: KubeObject): KubeObject => {
    if (stored.apiVersion === apiVersion) return filled(stored);
    if (converter.now) return pruned(converter.now(filled(stored), apiVersion), schema);
    const known = made.get(idOf(stored));
    if (!known) throw internalError(new Error(`${stored.metadata.name} was not converted to ${apiVersion}`));
    return pruned(copyOf(known), schema);
  };
  const prepare = async (stored: readonly KubeObject[]): Promise<void> => {
    const missing = stored.filter((one) => one.apiVersion !== apiVersion && !made.has(idOf(one)));
    const converted = await converter.later(missing, apiVersion);
    if (made.size + missing.length > kept) made.clear();
    for (const [index, one] of missing.entries()) made.set(idOf(one), converted[index] as KubeObject);
  };
  return {
    ...own,
    version: {
      of: hub.kind,
      fromStored: fromStored as never,
      unfilled: async (stored) => {
        const [converted] = await converter.later([stored], apiVersion);
        return pruned(copyOf(converted as KubeObject), schema);
      },
      toStored: async (object) => {
        const [converted] = await converter.later([{ ...object, apiVersion }], hub.kind.apiVersion);
        return pruned(copyOf(converted as KubeObject), schemas.get(hub.kind.apiVersion) ?? schema);
      },
      ...(converter.now ? {} : { prepare }),
      selectableFields: Object.fromEntries(Object.keys(own.selectableFields ?? {}).map((field) => [field, field])),
    },
  };
}

/** What is only tried has the version of what is stored: it is told by all of it. */
function idOf(object: KubeObject): string {
  return createHash('sha256').update(JSON.stringify(object)).digest('base64');
}
