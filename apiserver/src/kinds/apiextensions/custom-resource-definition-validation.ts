import {
  type FieldError,
  type FieldPath,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  isConditionTrue,
  isDNS1035Label,
  isDNS1123Subdomain,
  path,
  validateImmutable,
} from '@keelson/machinery';
import type {
  CustomResourceConversion,
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionVersion,
} from '@keelson/types';
import { versionForm } from '../../extensions/crd/internal-form.ts';
import { type Schema, somewhere } from '../../extensions/crd/schema.ts';
import { clientConfigErrors } from '../admissionregistration/client-config.ts';
import { versionErrors as reviewVersionErrors } from '../admissionregistration/webhook-validation.ts';
import { requiredOneOf } from '../field-checks.ts';
import { approvalAnnotation, approvalOf } from './approval.ts';
import { caBundleProblem } from './ca-bundle.ts';
import { type Hoisted, hoist, sharedErrors, versionsErrors } from './custom-resource-version-validation.ts';

const at = path('spec');

export function definitionErrors(definition: CustomResourceDefinition): FieldError[] {
  const { metadata, spec, status } = definition;
  if (!spec) return [fieldRequired(at)];
  const { names, versions = [], conversion } = spec;
  const errors: FieldError[] = [];
  // A name that is missing is told by the rules of all objects; one made up from a prefix is never right. Later neither part can change.
  for (const member of ['name', 'generateName'] as const)
    if (!metadata.resourceVersion && metadata[member] && metadata[member] !== `${names?.plural}.${spec.group}`)
      errors.push(fieldInvalid(path('metadata', member), metadata[member], 'must be spec.names.plural+"."+spec.group'));
  errors.push(...groupErrors(spec.group), ...requiredOneOf(spec.scope, ['Cluster', 'Namespaced'], at.child('scope')));
  const hoisted = hoist(versions);
  if (spec.preserveUnknownFields && versions.some(hasDefaults))
    errors.push(fieldInvalid(at.child('preserveUnknownFields'), true, 'must be false in order to use defaults in the schema'));
  for (const error of versionsErrors(hoisted, at)) errors.push(error);
  errors.push(...storageErrors(hoisted, spec.versions === undefined ? null : hoisted.versions.map(versionForm)));
  for (const member of ['plural', 'singular', 'kind', 'listKind'] as const)
    if (!names?.[member]) errors.push(fieldRequired(at.child('names', member)));
  errors.push(...namesErrors(names ?? {}, at.child('names')));
  for (const error of sharedErrors(hoisted, at)) errors.push(error);
  if (spec.preserveUnknownFields && conversion && conversion.strategy !== 'None')
    errors.push(
      fieldInvalid(at.child('conversion', 'strategy'), conversion.strategy, 'must be None if spec.preserveUnknownFields is true'),
    );
  if (conversion) errors.push(...conversionErrors(conversion, at.child('conversion')));
  errors.push(...storedVersionErrors(status?.storedVersions ?? [], versions, path('status', 'storedVersions')));
  if (!metadata.resourceVersion) errors.push(...approvalErrors(definition));
  if (spec.preserveUnknownFields) errors.push(fieldInvalid(at.child('preserveUnknownFields'), true, preserveElsewhere));
  return errors;
}

/** @param shown the versions as upstream shows them. */
function storageErrors({ versions }: Hoisted, shown: unknown): FieldError[] {
  const errors: FieldError[] = [];
  const refuse = (why: string): void => void errors.push(fieldInvalid(at.child('versions'), shown, why));
  if (new Set(versions.map(({ name }) => name)).size < versions.length) refuse('must contain unique version names');
  if (versions.filter(({ storage }) => storage).length !== 1) refuse('must have exactly one version marked as storage version');
  const problems = versions[0]?.name ? isDNS1035Label(versions[0].name) : [];
  if (problems.length > 0) errors.push(fieldInvalid(at.child('version'), versions[0]?.name, problems.join(',')));
  return errors;
}

const preserveElsewhere = 'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';

function hasDefaults({ schema }: CustomResourceDefinitionVersion): boolean {
  const root = schema?.openAPIV3Schema as Schema | undefined;
  return root !== undefined && somewhere(root, ({ default: value }) => value !== undefined);
}

function groupErrors(group: string | undefined): FieldError[] {
  const where = at.child('group');
  if (!group) return [fieldRequired(where)];
  const problems = isDNS1123Subdomain(group);
  if (problems.length > 0) return [fieldInvalid(where, group, problems.join(','))];
  return group.includes('.') ? [] : [fieldInvalid(where, group, 'should be a domain with at least one dot')];
}

export function namesErrors(names: Partial<CustomResourceDefinitionNames>, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const check = (value: string | undefined, place: FieldPath, mixed = false): void => {
    const problems = value === undefined ? [] : isDNS1035Label(mixed ? value.toLowerCase() : value);
    const lead = mixed ? 'may have mixed case, but should otherwise match: ' : '';
    if (problems.length > 0) errors.push(fieldInvalid(place, value, lead + problems.join(',')));
  };
  check(names.plural || undefined, where.child('plural'));
  check(names.singular || undefined, where.child('singular'));
  check(names.kind || undefined, where.child('kind'), true);
  check(names.listKind || undefined, where.child('listKind'), true);
  for (const [index, name] of (names.shortNames ?? []).entries()) check(name, where.child('shortNames').index(index));
  if (names.kind && names.kind === names.listKind)
    errors.push(fieldInvalid(where.child('listKind'), names.listKind, 'kind and listKind may not be the same'));
  for (const [index, name] of (names.categories ?? []).entries()) check(name, where.child('categories').index(index));
  return errors;
}

/** The paths are upstream's, of before the configuration moved under `webhook`. */
function conversionErrors({ strategy, webhook }: CustomResourceConversion, where: FieldPath): FieldError[] {
  const errors = requiredOneOf(strategy, ['None', 'Webhook'], where.child('strategy'));
  const config = where.child('webhookClientConfig');
  const versions = where.child('conversionReviewVersions');
  if (strategy === 'Webhook') {
    if (webhook?.clientConfig) errors.push(...clientConfigErrors(webhook.clientConfig, config));
    else errors.push(fieldRequired(config, 'required when strategy is set to Webhook'));
    return [...errors, ...reviewVersionErrors(webhook?.conversionReviewVersions ?? [], versions, '')];
  }
  const detail = 'should not be set when strategy is not set to Webhook';
  if (webhook?.clientConfig) errors.push(fieldForbidden(config, detail));
  if (webhook?.conversionReviewVersions?.length) errors.push(fieldForbidden(versions, detail));
  return errors;
}

/** A version objects were once stored in stays until none is. */
function storedVersionErrors(
  stored: readonly string[],
  versions: readonly CustomResourceDefinitionVersion[],
  where: FieldPath,
): FieldError[] {
  if (stored.length === 0) return [fieldInvalid(where, null, 'must have at least one stored version')];
  const errors = versions
    .filter(({ storage, name }) => storage && !stored.includes(name))
    .map(({ name }) => fieldInvalid(where, stored, `must have the storage version ${name}`));
  for (const [index, version] of stored.entries()) {
    if (versions.some(({ name }) => name === version)) continue;
    const detail = `missing from spec.versions; ${version} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${version} and removes ${version} from status.storedVersions`;
    errors.push(fieldInvalid(where.index(index), version, detail));
  }
  return errors;
}

/** Definitions of Kubernetes' own groups say how they stand with its reviewers. What was accepted once may stay as it is. */
function approvalErrors(next: CustomResourceDefinition, old?: CustomResourceDefinition): FieldError[] {
  const { reason, message = '' } = approvalOf(next) ?? {};
  if (old && approvalOf(old)?.reason === reason) return [];
  const where = path('metadata', 'annotations').key(approvalAnnotation);
  if (reason === 'MissingAnnotation') return [fieldRequired(where, message)];
  return reason === 'InvalidAnnotation' ? [fieldInvalid(where, next.metadata.annotations?.[approvalAnnotation], message)] : [];
}

/** What is established trusts somebody, or is as little to be trusted as it was. */
function bundleErrors({ spec }: CustomResourceDefinition, old: CustomResourceDefinition): FieldError[] {
  const bundleOf = ({ conversion }: CustomResourceDefinition['spec']): string | undefined => conversion?.webhook?.clientConfig?.caBundle;
  const why = spec.conversion?.strategy === 'Webhook' ? caBundleProblem(bundleOf(spec)) : undefined;
  if (!why || caBundleProblem(bundleOf(old.spec)) || !isConditionTrue(old.status?.conditions, 'Established')) return [];
  return [fieldInvalid(at.child('conversion', 'webhookClientConfig', 'caBundle'), bundleOf(spec), why)];
}

export function definitionUpdateErrors(next: CustomResourceDefinition, old: CustomResourceDefinition): FieldError[] {
  const errors: FieldError[] = [];
  const names = at.child('names');
  if (isConditionTrue(old.status?.conditions, 'Established'))
    errors.push(
      ...validateImmutable(next.spec.scope, old.spec.scope, at.child('scope')),
      ...validateImmutable(next.spec.names.kind, old.spec.names.kind, names.child('kind')),
    );
  return [
    ...bundleErrors(next, old),
    ...errors,
    ...validateImmutable(next.spec.group, old.spec.group, at.child('group')),
    ...validateImmutable(next.spec.names.plural, old.spec.names.plural, names.child('plural')),
    ...approvalErrors(next, old),
  ];
}
