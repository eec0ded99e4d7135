/**
 * Configuration files of Kubernetes' own kinds (`KubeletConfiguration`, …), read as what they are for us: values of flags.
 */

/** What one field stands for: a flag of the same text, or a flag and how its text is made. */
export type FieldRule = string | { readonly flag: string; text(value: unknown): string | readonly string[] };

export interface ConfigKind {
  readonly kind: string;
  readonly group: string;
  /** By path: `authentication.x509.clientCAFile`. */
  readonly fields: Readonly<Record<string, FieldRule>>;
}

/** Values by flag, and the paths of fields that have no effect here. */
export interface ConfigValues {
  readonly values: Readonly<Record<string, unknown>>;
  readonly ineffective: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** The values of a configuration file, or undefined when it is none of that kind. @throws Error for another kind, or another group. */
export function readConfigKind(document: unknown, wanted: ConfigKind): ConfigValues | undefined {
  if (!isFields(document) || document.kind === undefined) return undefined;
  const { kind, apiVersion, ...fields } = document;
  const group = String(apiVersion).split('/')[0];
  if (kind !== wanted.kind || group !== wanted.group)
    throw new Error(`no kind "${String(kind)}" is registered for version "${String(apiVersion)}": want ${wanted.kind} of ${wanted.group}`);
  const values: Record<string, unknown> = {};
  const ineffective: string[] = [];
  visit(
    fields,
    '',
    (path, value) => {
      const rule = wanted.fields[path];
      if (rule === undefined) return false;
      if (typeof rule === 'string') values[rule] = value;
      else values[rule.flag] = rule.text(value);
      return true;
    },
    ineffective,
  );
  return { values, ineffective };
}

/** Goes down as far as nobody takes what is there. */
function visit(fields: Fields, above: string, take: (path: string, value: unknown) => boolean, left: string[]): void {
  for (const [name, value] of Object.entries(fields)) {
    const path = above ? `${above}.${name}` : name;
    if (value === null || value === undefined || take(path, value)) continue;
    if (isFields(value)) visit(value, path, take, left);
    else left.push(path);
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
