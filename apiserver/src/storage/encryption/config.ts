import { type FieldError, type FieldPath, fieldInvalid, fieldRequired, formatFieldErrors, path } from '@keelson/machinery';
import { aescbc, aesgcm, identity, type Transformer } from './transform.ts';

/** Which resources are stored how: the first transformer writes, all read. */
export interface EncryptionRule {
  /** `secrets`, `deployments.apps`, `*.apps`, `*.` (the core group) or `*.*`. */
  readonly resources: readonly string[];
  readonly transformers: readonly Transformer[];
}

interface Keys {
  readonly keys?: readonly { readonly name?: string; readonly secret?: string }[] | null;
}

type Provider = Readonly<Record<string, Keys | null>>;

interface Configuration {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly resources?: readonly { readonly resources?: readonly string[]; readonly providers?: readonly Provider[] }[];
}

const makers = { aesgcm, aescbc };
const lengths = [16, 24, 32];
const version = 'apiserver.config.k8s.io/v1';

/**
 * Reads an EncryptionConfiguration, as the file of `--encryption-provider-config` holds it. Of upstream's providers, secretbox and kms
 * are not offered.
 * @throws Error that names the field at fault and never a secret.
 */
export function parseEncryption(document: unknown): EncryptionRule[] {
  const { kind, apiVersion, resources = [] } = (document ?? {}) as Configuration;
  if (kind !== 'EncryptionConfiguration' || apiVersion !== version)
    throw new Error(`expected an EncryptionConfiguration of ${version}, found ${kind ?? 'nothing'} of ${apiVersion ?? 'no version'}`);
  const errors: FieldError[] = [];
  const at = path('resources');
  if (resources.length === 0) errors.push(fieldRequired(at, 'must be set to at least one value'));
  const rules = resources.map(({ resources: names = [], providers = [] }, index) => {
    const where = at.index(index);
    if (names.length === 0) errors.push(fieldRequired(where.child('resources'), 'must be set to at least one value'));
    if (providers.length === 0) errors.push(fieldRequired(where.child('providers'), 'must be set to at least one value'));
    const transformers = providers.flatMap((provider, n) => transformersOf(provider, where.child('providers').index(n), errors));
    return { resources: names.map((name) => name.toLowerCase()), transformers };
  });
  if (errors.length > 0) throw new Error(formatFieldErrors(errors));
  return rules;
}

function transformersOf(provider: Provider, at: FieldPath, errors: FieldError[]): Transformer[] {
  const names = Object.keys(provider);
  const [name = ''] = names;
  if (names.length !== 1) errors.push(fieldInvalid(at, names, 'exactly one provider must be set in each element'));
  else if (name === 'identity') return [identity];
  else if (name === 'aesgcm' || name === 'aescbc') return keysOf(provider[name], at.child(name, 'keys'), makers[name], errors);
  else errors.push(fieldInvalid(at, name, 'is not offered; use aesgcm, aescbc or identity'));
  return [];
}

function keysOf(given: Keys | null | undefined, at: FieldPath, make: typeof aesgcm, errors: FieldError[]): Transformer[] {
  const keys = given?.keys ?? [];
  if (keys.length === 0) errors.push(fieldRequired(at, 'must be set to at least one value'));
  return keys.flatMap(({ name = '', secret = '' }, index) => {
    const where = at.index(index);
    const bytes = Buffer.from(secret, 'base64');
    const problems = [
      ...(name ? [] : [fieldRequired(where.child('name'), 'a key name is required')]),
      ...(secret ? [] : [fieldRequired(where.child('secret'), 'a secret is required')]),
      ...(!secret || lengths.includes(bytes.length)
        ? []
        : [
            fieldInvalid(
              where.child('secret'),
              'REDACTED',
              `secret is not of the expected length, got ${bytes.length}, expected one of [${lengths.join(' ')}]`,
            ),
          ]),
    ];
    errors.push(...problems);
    return problems.length > 0 ? [] : [make(name, bytes)];
  });
}

/** The rule for a resource (`secrets`, `deployments.apps`), if there is one: the first that names it. */
export function ruleFor(rules: readonly EncryptionRule[], resource: string): EncryptionRule | undefined {
  const dot = resource.indexOf('.');
  const group = dot < 0 ? '' : resource.slice(dot + 1);
  return rules.find(({ resources }) => [resource, `*.${group}`, '*.*'].some((name) => resources.includes(name)));
}
