/**
 * Configuration files of Kubernetes' own kinds (`KubeletConfiguration`, …), read as what they are for us: values of flags.
 */

import { strictDecodingError } from './form.ts';

/** What one field stands for: a flag of the same text, unless that is empty or 0s, or a flag and how its text is made. */
export type FieldRule = string | { readonly flag: string; text(value: unknown): string | readonly string[] };

export interface ConfigKind {
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  /** By path: `authentication.x509.clientCAFile`. */
  readonly fields: Readonly<Record<string, FieldRule>>;
  /** Paths of upstream's other fields, with all that is below them. */
  readonly inert: readonly string[];
  /** Fields nobody knows are told, where upstream falls back to a reading that is not strict; else they are refused. */
  readonly lenient?: boolean;
  /** The flag that names a folder of files (`*.conf`), each of which says something more or other than the file. */
  readonly dropIns?: string;
}

/** Values by flag, and the paths of fields that have no effect here. */
export interface ConfigValues {
  readonly values: Readonly<Record<string, unknown>>;
  readonly ineffective: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * The values of a configuration file, or undefined when it is none of Kubernetes' kinds. @throws Error for another kind, group or version,
 * and for fields that the kind does not have, in upstream's words.
 */
export function readConfigKind(document: unknown, wanted: ConfigKind): ConfigValues | undefined {
  if (!isFields(document) || document.kind === undefined) return undefined;
  const { kind, apiVersion, ...fields } = document;
  const version = `${wanted.group}/${wanted.version}`;
  if (kind !== wanted.kind || apiVersion !== version)
    throw new Error(`no kind "${String(kind)}" is registered for version "${String(apiVersion)}": want ${wanted.kind} of ${version}`);
  const found: Found = { values: {}, ineffective: [], unknown: [] };
  visit(fields, '', wanted, found);
  if (found.unknown.length > 0 && !wanted.lenient) throw new Error(strictDecodingError(found.unknown));
  return { values: found.values, ineffective: [...found.ineffective, ...found.unknown] };
}

interface Found {
  readonly values: Record<string, unknown>;
  readonly ineffective: string[];
  readonly unknown: string[];
}

/** Goes down as far as nobody takes what is there. A field that is null says nothing. */
function visit(fields: Fields, above: string, wanted: ConfigKind, found: Found): void {
  for (const [name, value] of Object.entries(fields)) {
    const path = above ? `${above}.${name}` : name;
    const rule = wanted.fields[path];
    if (rule !== undefined) {
      if (value === null || value === undefined) continue;
      if (typeof rule !== 'string') found.values[rule.flag] = rule.text(value);
      else if (value !== '' && value !== '0s') found.values[rule] = value;
    } else if (wanted.inert.includes(path)) {
      if (value !== null && value !== undefined) found.ineffective.push(path);
    } else if (isAbove(path, wanted) && (value === null || isFields(value))) visit(value ?? {}, path, wanted, found);
    else found.unknown.push(path);
  }
}

function isAbove(path: string, { fields, inert }: ConfigKind): boolean {
  return [...Object.keys(fields), ...inert].some((known) => known.startsWith(`${path}.`));
}

/** A document changed by another, as a JSON merge patch (RFC 7386) does it: objects are joined, null removes, all else replaces. */
export function mergeConfig(below: unknown, above: unknown): unknown {
  if (!isFields(above)) return above;
  const merged: Record<string, unknown> = isFields(below) ? { ...below } : {};
  for (const [name, value] of Object.entries(above)) {
    if (value === null) delete merged[name];
    else merged[name] = mergeConfig(merged[name], value);
  }
  return merged;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
