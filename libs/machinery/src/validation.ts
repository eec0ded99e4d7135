import type { LabelSelector, LabelSelectorRequirement, ManagedFieldsEntry, ObjectMeta, OwnerReference } from '@keelson/types';
import { equal } from './equal.ts';
import { type FieldError, type FieldPath, fieldForbidden, fieldInvalid, fieldRequired, fieldTooLong, type PathLike } from './field.ts';
import { byteLength, compareStrings, goQuote, isPrintable } from './go-text.ts';
import { parseCidr, parseIp } from './ip.ts';
import { isDNS1123Label, isDNS1123Subdomain, isLabelValue, isQualifiedName } from './names.ts';

/** Total bytes of an object's annotation keys and values. */
export const annotationSizeLimit: number = 256 * 1024;

export interface ObjectMetaRules {
  readonly namespaced: boolean;
  /** What is wrong with a name, or with `prefix`, a generateName. */
  readonly name: (value: string, prefix: boolean) => readonly string[];
  /** Finalizers without a domain must be Kubernetes' own; true unless told. Custom resources are only warned of it. */
  readonly qualifiedFinalizers?: boolean;
}

/** Checks metadata of an object to be stored. Names have been generated and the namespace filled in by then. */
export function validateObjectMeta(meta: ObjectMeta, rules: ObjectMetaRules, at: FieldPath): FieldError[] {
  return [
    ...validateNames(meta, rules, at),
    ...validateNamespace(meta.namespace ?? '', rules.namespaced, at.child('namespace')),
    ...validateNonNegative(meta.generation ?? 0, at.child('generation')),
    ...validateLabels(meta.labels, at.child('labels')),
    ...validateAnnotations(meta.annotations, at.child('annotations')),
    ...validateOwnerReferences(meta.ownerReferences ?? [], at.child('ownerReferences')),
    ...validateFinalizers(meta.finalizers ?? [], at.child('finalizers'), rules.qualifiedFinalizers ?? true),
    ...validateManagedFields(meta.managedFields ?? [], at.child('managedFields')),
  ];
}

function validateNames({ name, generateName }: ObjectMeta, rules: ObjectMetaRules, at: FieldPath): FieldError[] {
  const errors = generateName ? invalidBy(rules.name(generateName, true), at.child('generateName'), generateName) : [];
  if (!name) return [...errors, fieldRequired(at.child('name'), 'name or generateName is required')];
  return [...errors, ...invalidBy(rules.name(name, false), at.child('name'), name)];
}

function validateNamespace(namespace: string, namespaced: boolean, at: FieldPath): FieldError[] {
  if (!namespaced) return namespace ? [fieldForbidden(at, 'not allowed on this type')] : [];
  return namespace ? invalidBy(isDNS1123Label(namespace), at, namespace) : [fieldRequired(at)];
}

/** One Invalid error per problem. */
export function invalidBy(problems: readonly string[], at: PathLike, value: unknown): FieldError[] {
  return problems.map((problem) => fieldInvalid(at, value, problem));
}

export function validateNonNegative(value: number, at: PathLike): FieldError[] {
  return value < 0 ? [fieldInvalid(at, value, 'must be greater than or equal to 0')] : [];
}

export function validatePositive(value: number, at: PathLike): FieldError[] {
  return value <= 0 ? [fieldInvalid(at, value, 'must be greater than 0')] : [];
}

export function validateLabels(labels: Readonly<Record<string, string>> | undefined | null, at: PathLike): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...invalidBy(isQualifiedName(key), at, key),
    ...invalidBy(isLabelValue(value), at, value),
  ]);
}

export function validateAnnotations(annotations: Readonly<Record<string, string>> | undefined | null, at: PathLike): FieldError[] {
  const entries = Object.entries(annotations ?? {});
  const errors = entries.flatMap(([key]) => invalidBy(isQualifiedName(key.toLowerCase()), at, key));
  const size = entries.reduce((sum, [key, value]) => sum + byteLength(key) + byteLength(value), 0);
  return size > annotationSizeLimit ? [...errors, fieldTooLong(at, annotationSizeLimit)] : errors;
}

export function validateOwnerReferences(references: readonly OwnerReference[], at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  let first: string | undefined;
  for (const reference of references) {
    errors.push(...validateOwnerReference(reference, at));
    if (!reference.controller) continue;
    const name = `${reference.kind}/${reference.name}`;
    if (first !== undefined) {
      const detail = `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${name}`;
      errors.push(fieldInvalid(at, references, detail));
    }
    first ??= name;
  }
  return errors;
}

function validateOwnerReference(reference: OwnerReference, at: FieldPath): FieldError[] {
  const { apiVersion, kind, name, uid } = reference;
  const errors = hasVersion(apiVersion ?? '') ? [] : [fieldInvalid(at.child('apiVersion'), apiVersion ?? '', 'version must not be empty')];
  for (const [field, value] of Object.entries({ kind, name, uid })) {
    if (!value) errors.push(fieldInvalid(at.child(field), value ?? '', 'must not be empty'));
  }
  if (apiVersion === 'v1' && kind === 'Event')
    errors.push(fieldInvalid(at, reference, '/v1, Kind=Event is disallowed from being an owner'));
  return errors;
}

/** `v1`, `apps/v1`, and even `/v1`. */
function hasVersion(apiVersion: string): boolean {
  const parts = apiVersion.split('/');
  return parts.length <= 2 && parts.at(-1) !== '';
}

const standardFinalizers = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

/** @param qualified whether names without a domain must be Kubernetes' own. */
export function validateFinalizers(finalizers: readonly string[], at: FieldPath, qualified = true): FieldError[] {
  const errors = finalizers.flatMap((finalizer) => invalidBy(isQualifiedName(finalizer), at, finalizer));
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    errors.push(fieldInvalid(at, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'));
  }
  if (!qualified) return errors;
  for (const [i, finalizer] of finalizers.entries()) {
    if (finalizer.includes('/') || standardFinalizers.has(finalizer)) continue;
    errors.push(fieldInvalid(at.index(i), finalizer, 'name is neither a standard finalizer name nor is it fully qualified'));
  }
  return errors;
}

export function validateManagedFields(entries: readonly ManagedFieldsEntry[], at: FieldPath): FieldError[] {
  return entries.flatMap(({ operation, fieldsType, manager, subresource }, i) => {
    const entry = at.index(i);
    const errors: FieldError[] = [];
    if (operation !== 'Apply' && operation !== 'Update') {
      errors.push(fieldInvalid(entry.child('operation'), operation ?? '', 'must be `Apply` or `Update`'));
    }
    if (fieldsType && fieldsType !== 'FieldsV1') errors.push(fieldInvalid(entry.child('fieldsType'), fieldsType, 'must be `FieldsV1`'));
    errors.push(...validateFieldManager(manager ?? '', entry.child('manager')));
    if (byteLength(subresource ?? '') > 256) errors.push(fieldTooLong(entry.child('subresource'), 256));
    return errors;
  });
}

/** The name a client gives itself in writes: at most 128 bytes, all printable. */
export function validateFieldManager(manager: string, at: PathLike): FieldError[] {
  const errors = byteLength(manager) > 128 ? [fieldTooLong(at, 128)] : [];
  let position = 0;
  for (const character of manager) {
    if (!isPrintable(character)) {
      const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      errors.push(fieldInvalid(at, manager, `invalid character U+${code} (at position ${position})`));
    }
    position += byteLength(character);
  }
  return errors;
}

/** Checks what may change between two versions of an object's metadata. `next` carries the version it was made from. */
export function validateObjectMetaUpdate(next: ObjectMeta, old: ObjectMeta, at: FieldPath, qualifiedFinalizers = true): FieldError[] {
  const errors = old.deletionTimestamp ? newFinalizers(next.finalizers ?? [], old.finalizers ?? [], at.child('finalizers')) : [];
  if (!next.resourceVersion) errors.push(fieldInvalid(at.child('resourceVersion'), '', 'must be specified for an update'));
  if ((next.generation ?? 0) < (old.generation ?? 0)) {
    errors.push(fieldInvalid(at.child('generation'), next.generation ?? 0, 'must not be decremented'));
  }
  for (const field of ['name', 'namespace', 'uid'] as const) {
    errors.push(...validateImmutable(next[field] ?? '', old[field] ?? '', at.child(field)));
  }
  for (const field of ['creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const) {
    errors.push(...validateImmutable(next[field], old[field], at.child(field)));
  }
  return [
    ...errors,
    ...validateLabels(next.labels, at.child('labels')),
    ...validateAnnotations(next.annotations, at.child('annotations')),
    ...validateOwnerReferences(next.ownerReferences ?? [], at.child('ownerReferences')),
    ...validateManagedFields(next.managedFields ?? [], at.child('managedFields')),
    ...validateFinalizers(next.finalizers ?? [], at.child('finalizers'), qualifiedFinalizers).filter(({ path }) => path.endsWith(']')),
  ];
}

function newFinalizers(next: readonly string[], old: readonly string[], at: FieldPath): FieldError[] {
  const added = [...new Set(next)].filter((finalizer) => !old.includes(finalizer)).sort(compareStrings);
  if (added.length === 0) return [];
  const found = `[]string{${added.map(goQuote).join(', ')}}`;
  return [fieldForbidden(at, `no new finalizers can be added if the object is being deleted, found new finalizers ${found}`)];
}

/** `field is immutable`, unless both mean the same. */
export function validateImmutable(next: unknown, old: unknown, at: PathLike): FieldError[] {
  return equal(next, old) ? [] : [fieldInvalid(at, next, 'field is immutable')];
}

/** Checks a selector that is part of an object. Absent selectors are fine. */
export function validateLabelSelector(selector: LabelSelector | undefined | null, at: FieldPath): FieldError[] {
  if (!selector) return [];
  const expressions = selector.matchExpressions ?? [];
  return [
    ...validateLabels(selector.matchLabels, at.child('matchLabels')),
    ...expressions.flatMap((expression, i) => validateSelectorRequirement(expression, at.child('matchExpressions').index(i))),
  ];
}

function validateSelectorRequirement({ key, operator, values = [] }: LabelSelectorRequirement, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) errors.push(fieldRequired(at.child('values'), "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    const detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
    if (values.length > 0) errors.push(fieldForbidden(at.child('values'), detail));
  } else {
    errors.push(fieldInvalid(at.child('operator'), operator, 'not a valid selector operator'));
  }
  errors.push(...invalidBy(isQualifiedName(key), at.child('key'), key));
  for (const [i, value] of values.entries()) errors.push(...invalidBy(isLabelValue(value), at.child('values').index(i), value));
  return errors;
}

/** A domain of at least two labels; a trailing dot is allowed, and not shown. */
export function validateFullyQualifiedDomainName(value: string, at: PathLike): FieldError[] {
  if (value === '') return [fieldRequired(at)];
  const name = value.replace(/\.$/, '');
  const problems = isDNS1123Subdomain(name);
  if (problems.length > 0) return [fieldInvalid(at, name, problems.join(','))];
  const labels = name.split('.');
  if (labels.length < 2) return [fieldInvalid(at, name, 'should be a domain with at least two segments separated by dots')];
  const wrong = labels.find((label) => isDNS1123Label(label).length > 0);
  return wrong === undefined ? [] : [fieldInvalid(at, wrong, isDNS1123Label(wrong).join(','))];
}

/** IPv4 or IPv6, written so that everybody reads the same address. What was there `before` stays, as in stored objects of old. */
export function validateIp(value: string, at: PathLike, before: readonly string[] = []): FieldError[] {
  if (before.includes(value)) return [];
  const address = parseIp(value);
  if (!address) return [fieldInvalid(at, value, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')];
  if (hasLeadingZeros(value)) return [fieldInvalid(at, value, 'must not have leading 0s')];
  return isMapped(value, address.version) ? [fieldInvalid(at, value, 'must not be an IPv4-mapped IPv6 address')] : [];
}

/** In an IPv6 group of up to four digits they do no harm. */
function hasLeadingZeros(address: string): boolean {
  const dotted = address.slice(address.lastIndexOf(':') + 1);
  return (dotted.includes('.') && /(?:^|\.)0\d/.test(dotted)) || /(?:^|:)0[\da-f]{4}/i.test(address);
}

function isMapped(text: string, version: 4 | 6): boolean {
  return version === 4 && text.includes(':');
}

/** A range from its first address on, written as `validateIp` asks. What was there `before` stays. */
export function validateCidr(value: string, at: PathLike, before: readonly string[] = []): FieldError[] {
  if (before.includes(value)) return [];
  const range = parseCidr(value);
  if (!range) return [fieldInvalid(at, value, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)')];
  const [text = '', prefix = ''] = value.split('/');
  if (hasLeadingZeros(text) || /^0\d/.test(prefix)) return [fieldInvalid(at, value, 'must not have leading 0s in IP or prefix length')];
  if (isMapped(value, range.address.version)) return [fieldInvalid(at, value, 'must not have an IPv4-mapped IPv6 address')];
  if (range.address.value !== range.first) return [fieldInvalid(at, value, 'must not have bits set beyond the prefix length')];
  return [];
}
