import { type FieldError, type FieldPath, fieldInvalid, fieldRequired, goQuote, parseGoDuration, path } from '@keelson/machinery';

export interface Key {
  readonly name?: string;
  readonly secret?: string;
}

interface Keys {
  readonly keys?: readonly Key[] | null;
}

export interface Kms {
  readonly apiVersion?: string;
  readonly name?: string;
  readonly cachesize?: number;
  readonly endpoint?: string;
  readonly timeout?: string;
}

export interface Provider {
  readonly aesgcm?: Keys | null;
  readonly aescbc?: Keys | null;
  readonly secretbox?: Keys | null;
  readonly identity?: object | null;
  readonly kms?: Kms | null;
}

export interface ResourceRule {
  readonly resources?: readonly string[] | null;
  readonly providers?: readonly Provider[] | null;
}

export interface Configuration {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly resources?: readonly ResourceRule[] | null;
}

const lengths = { aesgcm: [16, 24, 32], aescbc: [16, 24, 32], secretbox: [32] };
const keyed = ['aesgcm', 'aescbc', 'secretbox'] as const;

/** What is wrong with the rules of an EncryptionConfiguration, in upstream's words. @param reload whether the file is read again when it changes. */
export function validateConfiguration(rules: readonly ResourceRule[], reload: boolean): FieldError[] {
  const root = path('resources');
  if (rules.length === 0) return [fieldRequired(root, 'at least one resources is required')];
  const services = new Set<string>();
  return rules.flatMap(({ resources, providers }, index) => {
    const [r, p] = [root.index(index).child('resources'), root.index(index).child('providers')];
    const names = resources ?? [];
    return [
      ...(names.length === 0 ? [fieldRequired(r, `at least one ${r} is required`)] : []),
      ...overlaps(names, r),
      ...names.flatMap((name, n) => nameErrors(name, r.index(n))),
      ...((providers ?? []).length === 0 ? [fieldRequired(p, `at least one ${p} is required`)] : []),
      ...(providers ?? []).flatMap((provider, n) => providerErrors(provider, p.index(n), { services, reload })),
    ];
  });
}

interface Parsed {
  readonly resource: string;
  readonly group: string;
}

function parse(name: string): Parsed {
  const dot = name.indexOf('.');
  return dot < 0 ? { resource: name, group: '' } : { resource: name.slice(0, dot), group: name.slice(dot + 1) };
}

function overlaps(names: readonly string[], at: FieldPath): FieldError[] {
  const all = names.map(parse);
  const pairs = all.flatMap((one, i) => all.filter((_, j) => j !== i).map((other) => [one, other] as const));
  const same = ([a, b]: readonly [Parsed, Parsed]): boolean => a.resource === b.resource && a.group === b.group;
  const [first, ...others] = pairs.filter(same);
  const rest = [...pairs.filter((pair) => !same(pair)), ...others];
  const overlap = rest.some(
    ([a, b]) => (a.resource === '*' && a.group === '*') || (a.group === b.group && (a.resource === '*' || b.resource === '*')),
  );
  const masked = "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked";
  return [
    ...(first ? [fieldInvalid(at, names, 'the same resource cannot be specified multiple times')] : []),
    ...(overlap ? [fieldInvalid(at, names, masked)] : []),
  ];
}

const nowhere = new Set(['apiserveripinfo', 'serviceipallocations', 'servicenodeportallocations']);

function nameErrors(name: string, at: FieldPath): FieldError[] {
  const { resource, group } = parse(name);
  const fault = (detail: string): FieldError[] => [fieldInvalid(at, name, detail)];
  if (name.toLowerCase() !== name) return fault('resource name should not contain capital letters');
  if (name === '*') return fault("use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources");
  if (nowhere.has(name)) return fault('resources which do not have REST API/s cannot be encrypted');
  if (group === 'events.k8s.io')
    return fault("'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file");
  if (group === 'extensions') return fault("'extensions' group has been removed and cannot be used for encryption");
  return group === '*' && resource !== '*' ? fault('encrypting the same resource across groups is not supported') : [];
}

interface Around {
  /** Names of services that were seen before. */
  readonly services: Set<string>;
  readonly reload: boolean;
}

function providerErrors(provider: Provider, at: FieldPath, around: Around): FieldError[] {
  const chosen = [...keyed, 'identity' as const, 'kms' as const].filter((name) => provider[name]);
  const none = 'provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity';
  const several = 'more than one provider specified in a single element, should split into different list elements';
  const named = Object.keys(provider);
  const errors = chosen.length === 1 ? [] : [fieldInvalid(at, named, chosen.length === 0 ? none : several)];
  if (provider.kms) return [...errors, ...kmsErrors(provider.kms, at.child('kms'), around)];
  const name = keyed.find((one) => provider[one]);
  return name ? [...errors, ...keysErrors(provider[name]?.keys ?? [], at.child(name, 'keys'), lengths[name])] : errors;
}

function keysErrors(keys: readonly Key[], at: FieldPath, expected: readonly number[]): FieldError[] {
  if (keys.length === 0) return [fieldRequired(at, 'at least one keys is required')];
  return keys.flatMap(({ name, secret }, index) => {
    const where = at.index(index);
    const problem = secret ? secretProblem(secret, expected) : undefined;
    return [
      ...(name ? [] : [fieldRequired(where.child('name'), 'name is a mandatory field for a key')]),
      ...(secret ? [] : [fieldRequired(where.child('secret'), 'secret is a mandatory field for a key')]),
      ...(problem ? [fieldInvalid(where.child('secret'), 'REDACTED', problem)] : []),
    ];
  });
}

function secretProblem(secret: string, expected: readonly number[]): string | undefined {
  const text = secret.replaceAll(/[\r\n]/g, '');
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return 'secrets must be base64 encoded';
  const { length } = Buffer.from(text, 'base64');
  return expected.includes(length)
    ? undefined
    : `secret is not of the expected length, got ${length}, expected one of [${expected.join(' ')}]`;
}

function kmsErrors(kms: Kms, at: FieldPath, { services, reload }: Around): FieldError[] {
  const { apiVersion = 'v1', name = '', cachesize, timeout = '3s' } = kms;
  const errors: FieldError[] = [];
  const say = (field: string, value: unknown, detail: string): void => void errors.push(fieldInvalid(at.child(field), value, detail));
  if (name === '') errors.push(fieldRequired(at.child('name'), 'name is a mandatory field for a provider'));
  if (apiVersion !== 'v1' && name.includes(':')) say('name', name, `invalid KMS provider name ${name}, must not contain ':'`);
  if ((reload || apiVersion !== 'v1') && services.has(name)) say('name', name, `duplicate KMS provider name ${name}, names must be unique`);
  services.add(name);
  if (!(parseGoDuration(timeout) > 0)) say('timeout', timeout, 'timeout should be a positive value');
  const endpoint = endpointProblem(kms.endpoint);
  if (endpoint) say('endpoint', kms.endpoint ?? '', endpoint);
  if (apiVersion !== 'v1' && cachesize !== undefined) say('cachesize', cachesize, 'cachesize is not supported in v2');
  if (apiVersion === 'v1' && cachesize === 0) say('cachesize', cachesize, 'cachesize should be a positive value, or negative to disable');
  if (apiVersion !== 'v1' && apiVersion !== 'v2')
    say('apiVersion', apiVersion, 'unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported');
  return errors;
}

function endpointProblem(endpoint = ''): string | undefined {
  if (endpoint === '') return 'endpoint is a mandatory field for a kms';
  if (endpoint.startsWith(':')) return `invalid endpoint for kms provider, error: parse ${goQuote(endpoint)}: missing protocol scheme`;
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(endpoint)?.[1]?.toLowerCase() ?? '';
  return scheme === 'unix' ? undefined : `unsupported scheme ${goQuote(scheme)} for KMS provider, only unix is supported`;
}
