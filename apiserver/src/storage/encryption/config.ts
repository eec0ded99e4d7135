import { type FieldError, formatFieldErrors, parseGoDuration } from '@keelson/machinery';
import { misfitsIn, type Shape } from '../../config-file.ts';
import type { KmsEndpoint } from './kms/types.ts';
import { aescbc, aesgcm, identity, secretbox, type Transformer } from './transform.ts';
import { type Configuration, type Key, type Provider, validateConfiguration } from './validation.ts';

/** How a resource is stored: the first transformer writes, all read. */
export interface EncryptionRule {
  /** `secrets`, `deployments.apps`, `*.apps`, `*.` (the core group) or `*.*`. */
  readonly resource: string;
  readonly transformers: readonly Transformer[];
}

export interface ParseOptions {
  /** Makes what seals with the keys of a service. */
  readonly kms: (endpoint: KmsEndpoint) => Transformer;
  /** Whether the file is read again when it changes. */
  readonly reload?: boolean;
}

const version = 'apiserver.config.k8s.io/v1';
const usualTimeout = '3s';

const keys: Shape = { keys: [{ name: 'string', secret: 'string' }] };
const kmsShape: Shape = { apiVersion: 'string', name: 'string', cachesize: 'number', endpoint: 'string', timeout: 'duration' };
const providers: Shape = [{ aesgcm: keys, aescbc: keys, secretbox: keys, identity: {}, kms: kmsShape }];
const shape: Shape = { resources: [{ resources: ['string'], providers }] };

/**
 * Reads an EncryptionConfiguration, as the file of `--encryption-provider-config` holds it. Of kms only version 2 is offered.
 * @throws Error in upstream's words that names the field at fault and never a secret.
 */
export function parseEncryption(document: unknown, { kms, reload = false }: ParseOptions): EncryptionRule[] {
  const { kind, apiVersion, ...content } = (document ?? {}) as Configuration;
  if (kind !== 'EncryptionConfiguration' || apiVersion !== version)
    throw new Error(`expected an EncryptionConfiguration of ${version}, found ${kind ?? 'nothing'} of ${apiVersion ?? 'no version'}`);
  const { unknown, wrong } = misfitsIn(content, shape);
  if (unknown.length + wrong.length > 0) throw new Error(`strict decoding error: ${[...unknown, ...wrong].join(', ')}`);
  const { resources } = content;
  const errors: FieldError[] = validateConfiguration(resources ?? [], reload);
  if (errors.length > 0) throw new Error(formatFieldErrors(errors));
  const rules = new Map<string, Transformer[]>();
  for (const { resources: names, providers } of resources ?? []) {
    const transformers = (providers ?? []).flatMap((provider) => transformersOf(provider, kms));
    for (const name of (names ?? []).map(canonical)) {
      for (const wider of [`*.${groupOf(name)}`, '*.*'])
        if (rules.has(wider)) throw new Error(`resource "${name}" is masked by earlier rule "${wider}"`);
      rules.set(name, [...(rules.get(name) ?? []), ...transformers]);
    }
  }
  return [...rules].map(([resource, transformers]) => ({ resource, transformers }));
}

/** `secrets.` is `secrets`, whose group has no name. */
function canonical(name: string): string {
  return name.endsWith('.') && name !== '*.' ? name.slice(0, -1) : name;
}

function groupOf(resource: string): string {
  const dot = resource.indexOf('.');
  return dot < 0 ? '' : resource.slice(dot + 1);
}

function transformersOf({ aesgcm: gcm, aescbc: cbc, secretbox: box, kms: service }: Provider, kms: ParseOptions['kms']): Transformer[] {
  if (gcm) return keysOf(gcm.keys, aesgcm);
  if (cbc) return keysOf(cbc.keys, aescbc);
  if (box) return keysOf(box.keys, secretbox);
  if (!service) return [identity];
  if (service.apiVersion !== 'v2')
    throw new Error(
      'KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.  Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.',
    );
  const timeout = parseGoDuration(service.timeout ?? usualTimeout);
  return [kms({ name: service.name ?? '', endpoint: service.endpoint ?? '', timeout })];
}

function keysOf(keys: readonly Key[] | null | undefined, make: typeof aesgcm): Transformer[] {
  return (keys ?? []).map(({ name = '', secret = '' }) => make(name, Buffer.from(secret, 'base64')));
}

/** The rule for a resource (`secrets`, `deployments.apps`), if there is one: the one that names it, else one for its group, else one for all. */
export function ruleFor(rules: readonly EncryptionRule[], resource: string): EncryptionRule | undefined {
  for (const name of [resource, `*.${groupOf(resource)}`, '*.*']) {
    const rule = rules.find((one) => one.resource === name);
    if (rule) return rule;
  }
  return undefined;
}
