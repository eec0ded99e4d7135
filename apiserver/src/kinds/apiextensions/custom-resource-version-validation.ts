import { equal, type FieldError, type FieldPath, fieldForbidden, fieldInvalid, fieldRequired, isDNS1035Label } from '@keelson/machinery';
import type { CustomResourceColumnDefinition, CustomResourceDefinitionVersion } from '@keelson/types';
import type { Schema } from '../../extensions/crd/schema.ts';
import { selectableErrors } from '../../extensions/crd/selectable.ts';
import { statusRootErrors } from '../../extensions/crd/status-root.ts';
import { structuralErrors } from '../../extensions/crd/structural.ts';
import { unreadable } from '../../extensions/crd/unreadable.ts';

type Version = Partial<CustomResourceDefinitionVersion>;

const common = ['schema', 'subresources', 'additionalPrinterColumns', 'selectableFields'] as const;

/** The versions of a definition as upstream looks at them: what all have in common stands in the definition, and in none of them. */
export interface Hoisted {
  readonly shared: Pick<Version, (typeof common)[number]>;
  readonly versions: readonly Version[];
}

export function hoist(versions: readonly Version[]): Hoisted {
  const [first = {}, ...others] = versions;
  // A status that is empty is one all the same.
  const isLike = (other: Version, member: (typeof common)[number]): boolean =>
    equal(other[member], first[member]) && (member !== 'subresources' || hasStatus(other) === hasStatus(first));
  const alike = common.filter((member) => others.every((other) => isLike(other, member)));
  const pick = (version: Version, wanted: (member: (typeof common)[number]) => boolean): Version =>
    Object.fromEntries(Object.entries(version).filter(([member]) => wanted(member as (typeof common)[number])));
  return {
    shared: pick(first, (member) => alike.includes(member)),
    versions: versions.map((version) => pick(version, (member) => !alike.includes(member))),
  };
}

/** What is wrong with each version by itself, after those that have no schema. */
export function versionsErrors({ shared, versions }: Hoisted, at: FieldPath): FieldError[] {
  const where = (index: number): FieldPath => at.child('versions').index(index);
  const schemaless = versions.flatMap(({ schema }, index) =>
    shared.schema?.openAPIV3Schema || schema?.openAPIV3Schema ? [] : [fieldRequired(where(index).child('schema', 'openAPIV3Schema'))],
  );
  const ownStatus = versions.some(({ subresources }) => subresources);
  const own = versions.flatMap((version, index) => {
    const status = hasStatus(ownStatus ? version : shared);
    return [
      ...nameErrors(version, where(index)),
      ...partErrors(version, where(index), { status, schema: 'schema', missing: unless.version }),
    ];
  });
  return [...schemaless, ...own];
}

/** What is wrong with what all versions have in common. */
export function sharedErrors({ shared, versions }: Hoisted, at: FieldPath): FieldError[] {
  const status = [shared, ...versions].some(hasStatus);
  return partErrors(shared, at, { status, schema: 'validation', missing: unless.shared });
}

function hasStatus({ subresources }: Version): boolean {
  return subresources?.status !== undefined;
}

/** Why fields cannot be selected by, in upstream's words. */
const unless = {
  version: 'may only be set when `version.schema.openAPIV3Schema` is not included',
  shared: 'may only be set when validations.schema is included',
};

interface PartRules {
  /** Whether the status is a subresource. */
  readonly status: boolean;
  /** What the schema is called. */
  readonly schema: 'schema' | 'validation';
  readonly missing: string;
}

function partErrors(part: Version, at: FieldPath, rules: PartRules): FieldError[] {
  const { schema, subresources, additionalPrinterColumns = [], selectableFields = [] } = part;
  const errors = schemaErrors(schema, at.child(rules.schema), rules.status);
  if (subresources?.scale) errors.push(...scaleErrors(subresources.scale, at.child('subresources', 'scale')));
  for (const [index, column] of additionalPrinterColumns.entries())
    errors.push(...columnErrors(column, at.child('additionalPrinterColumns').index(index)));
  if (selectableFields.length > 0) errors.push(...fieldsErrors(part, at, rules.missing));
  return errors;
}

function fieldsErrors({ selectableFields = [], schema }: Version, at: FieldPath, missing: string): FieldError[] {
  const where = at.child('selectableFields');
  const root = schema?.openAPIV3Schema as Schema | undefined;
  if (!root) return [fieldInvalid(where, '', missing)];
  const why = unreadable(root, at);
  const errors = why ? [fieldInvalid(at.child('schema.openAPIV3Schema'), '', why)] : [];
  return [...errors, ...selectableErrors(selectableFields, root, where)];
}

function nameErrors({ name = '', deprecated, deprecationWarning }: Version, where: FieldPath): FieldError[] {
  const problems = isDNS1035Label(name);
  const errors = problems.length > 0 ? [fieldInvalid(where.child('name'), name, problems.join(','))] : [];
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

function schemaErrors(schema: Version['schema'], where: FieldPath, status: boolean): FieldError[] {
  const root = schema?.openAPIV3Schema as Schema | undefined;
  if (!root) return [];
  const at = where.child('openAPIV3Schema');
  const errors = status ? statusRootErrors(root, at) : [];
  if (root.nullable) errors.push(fieldForbidden(where.child('openAPIV3Schema.nullable'), 'nullable cannot be true at the root'));
  return [...errors, ...structuralErrors(root, at, errors)];
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
