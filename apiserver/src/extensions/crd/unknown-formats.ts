import { equal } from '@keelson/machinery';
import type { CustomResourceDefinition } from '@keelson/types';
import { hasMeaning } from './formats.ts';
import type { Schema } from './schema.ts';

/** The formats of a definition's schemas that mean nothing to the server, and that were not there before. */
export function newFormats(next: CustomResourceDefinition, old: CustomResourceDefinition | undefined): string[] {
  const before = new Set(old ? unknownFormats(old) : []);
  return unknownFormats(next).filter((format) => !before.has(format));
}

function unknownFormats({ spec: { versions } }: CustomResourceDefinition): string[] {
  const schemas = versions.map(({ schema }) => schema?.openAPIV3Schema as Schema | undefined).filter((schema) => schema !== undefined);
  const [first, ...others] = schemas;
  // What all versions have in common is looked at once.
  const alike = first !== undefined && others.every((other) => equal(other, first));
  return (alike ? [first] : schemas).flatMap(formatsIn);
}

function formatsIn(schema: Schema): string[] {
  const { format, properties = {}, items, additionalProperties, allOf = [], anyOf = [], oneOf = [], not } = schema;
  const own = format && !hasMeaning(schema) ? [format] : [];
  const below = [items, typeof additionalProperties === 'object' ? additionalProperties : undefined, not].filter(
    (child) => child !== undefined,
  );
  return [...own, ...[...below, ...allOf, ...anyOf, ...oneOf, ...Object.values(properties)].flatMap(formatsIn)];
}
