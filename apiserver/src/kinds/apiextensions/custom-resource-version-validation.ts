import { equal, type FieldError, type FieldPath, fieldForbidden, fieldInvalid, fieldRequired, isDNS1035Label } from '@keelson/machinery';
import type { CustomResourceColumnDefinition, CustomResourceDefinitionVersion } from '@keelson/types';
import type { Schema } from '../../extensions/crd/schema.ts';
import { selectableErrors } from '../../extensions/crd/selectable.ts';
import { structuralErrors } from '../../extensions/crd/structural.ts';

type Version = CustomResourceDefinitionVersion;

/** What is wrong with the versions of a definition. What all have in common is said once, and of the definition, as upstream says it. */
export function versionsErrors(versions: readonly Version[], at: FieldPath): FieldError[] {
  const errors = versions.flatMap((version, index) => nameErrors(version, at.child('versions').index(index)));
  const each = (
    members: readonly (keyof Version)[],
    whole: FieldPath,
    check: (version: Version, where: FieldPath) => FieldError[],
  ): void => {
    const [first, ...others] = versions;
    if (!first) return;
    if (others.every((other) => members.every((member) => equal(other[member], first[member])))) {
      for (const error of check(first, whole)) errors.push(error);
    } else {
      const own = (index: number): FieldPath =>
        at
          .child('versions')
          .index(index)
          .child(members[0] ?? '');
      for (const [index, version] of versions.entries()) for (const error of check(version, own(index))) errors.push(error);
    }
  };
  each(['schema'], at.child('validation'), schemaErrors);
  each(['subresources'], at.child('subresources'), ({ subresources }, where) =>
    subresources?.scale ? scaleErrors(subresources.scale, where.child('scale')) : [],
  );
  each(['additionalPrinterColumns'], at.child('additionalPrinterColumns'), ({ additionalPrinterColumns = [] }, where) =>
    additionalPrinterColumns.flatMap((one, index) => columnErrors(one, where.index(index))),
  );
  each(['selectableFields', 'schema'], at.child('selectableFields'), fieldsErrors);
  return errors;
}

function fieldsErrors({ selectableFields = [], schema }: Version, where: FieldPath): FieldError[] {
  if (selectableFields.length === 0) return [];
  if (!schema?.openAPIV3Schema) return [fieldInvalid(where, '', 'may only be set when validations.schema is included')];
  return selectableErrors(selectableFields, schema.openAPIV3Schema as Schema, where);
}

function nameErrors({ name = '', schema, deprecated, deprecationWarning }: Version, where: FieldPath): FieldError[] {
  const problems = isDNS1035Label(name);
  const errors = schema?.openAPIV3Schema ? [] : [fieldRequired(where.child('schema', 'openAPIV3Schema'))];
  if (problems.length > 0) errors.push(fieldInvalid(where.child('name'), name, problems.join(',')));
  const wrong = deprecationWarning === undefined ? [] : warningProblems(deprecated === true, deprecationWarning);
  return [...errors, ...wrong.map((problem) => fieldInvalid(where.child('deprecationWarning'), deprecationWarning, problem))];
}

/** Bytes of a warning, which has to fit a header. */
const longestWarning = 256;

function warningProblems(deprecated: boolean, warning: string): string[] {
  if (!deprecated) return ['can only be set for deprecated versions'];
  const unprintable = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(warning)?.index;
  const index = unprintable === undefined ? 0 : Buffer.byteLength(warning.slice(0, unprintable));
  return [
    ...(Buffer.byteLength(warning) > longestWarning ? [`must be <= ${longestWarning} characters long`] : []),
    ...(warning === '' ? ['must not be an empty string'] : []),
    ...(unprintable === undefined ? [] : [`must only contain printable UTF-8 characters; non-printable character found at index ${index}`]),
  ];
}

function schemaErrors({ schema }: Version, where: FieldPath): FieldError[] {
  if (!schema?.openAPIV3Schema) return [];
  const errors = structuralErrors(schema.openAPIV3Schema as Schema, where.child('openAPIV3Schema'));
  if (!schema.openAPIV3Schema.nullable) return errors;
  return [...errors, fieldForbidden(where.child('openAPIV3Schema.nullable'), 'nullable cannot be true at the root')];
}

/** Whether a path is one that goes by names alone; upstream looks no further than this. */
function pathErrors(value: string, where: FieldPath): FieldError[] {
  return value.startsWith('.') ? [] : [fieldInvalid(where, value, 'must be a simple json path starting with .')];
}

function scaleErrors(
  scale: { readonly specReplicasPath?: string; readonly statusReplicasPath?: string; readonly labelSelectorPath?: string | undefined },
  where: FieldPath,
): FieldError[] {
  const roots = { specReplicasPath: ['.spec.'], statusReplicasPath: ['.status.'], labelSelectorPath: ['.spec.', '.status.'] };
  return Object.entries(roots).flatMap(([member, prefixes]) => {
    const value = scale[member as keyof typeof roots];
    const place = where.child(member);
    if (!value) return member === 'labelSelectorPath' ? [] : [fieldRequired(place)];
    const errors = pathErrors(value, place);
    if (errors.length > 0 || prefixes.some((prefix) => value.startsWith(prefix))) return errors;
    const form = prefixes.map((prefix) => prefix.slice(0, -1)).join(' or ');
    return [fieldInvalid(place, value, `should be a json path under ${prefixes.length > 1 ? 'either ' : ''}${form}`)];
  });
}

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string'];
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];

function columnErrors({ name, type, format, jsonPath }: CustomResourceColumnDefinition, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (!name) errors.push(fieldRequired(where.child('name')));
  const types = `must be one of ${columnTypes.join(',')}`;
  if (!type) errors.push(fieldRequired(where.child('type'), types));
  else if (!columnTypes.includes(type)) errors.push(fieldInvalid(where.child('type'), type, types));
  if (format && !columnFormats.includes(format))
    errors.push(fieldInvalid(where.child('format'), format, `must be one of ${columnFormats.join(',')}`));
  if (!jsonPath) errors.push(fieldRequired(where.child('JSONPath')));
  else errors.push(...pathErrors(jsonPath, where.child('JSONPath')));
  return errors;
}
