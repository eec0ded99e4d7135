import { isObject } from '@keelson/machinery';
import type { RequestInfo } from '../http/request-info.ts';

/** What says where a request goes. */
type Place = Pick<RequestInfo, 'group' | 'resource' | 'subresource'>;

/** An object of a request or an answer, as JSON has it. */
export type Json = Readonly<Record<string, unknown>>;

const deleteOptions = [...['kind', 'apiVersion', 'gracePeriodSeconds', 'propagationPolicy', 'orphanDependents', 'preconditions', 'dryRun']];
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * Whether what goes to and from a place must not be told, whatever the policy says: Secrets, and tokens, which are made at
 * `serviceaccounts/token` and shown to TokenReviews.
 */
export function holdsSecrets({ group, resource, subresource }: Place): boolean {
  if (group === '' && resource === 'secrets') return true;
  if (group === '' && resource === 'serviceaccounts' && subresource === 'token') return true;
  return group === 'authentication.k8s.io' && resource === 'tokenreviews';
}

/**
 * An object of such a place with what is known to be harmless, and nothing else; undefined for what is no object, such as a JSON patch.
 * Metadata stays but for the annotation that repeats the whole object, and for the account of fields, which may quote keys of it.
 */
export function withoutSecrets(value: unknown): Json | undefined {
  if (!isObject(value)) return undefined;
  const { kind, apiVersion, metadata, type, items, rows, columnDefinitions } = value;
  if (kind === 'DeleteOptions') return pick(value, deleteOptions);
  if (kind === 'Status') return plainStatus(value);
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(apiVersion === undefined ? {} : { apiVersion }),
    ...(isObject(metadata) ? { metadata: plainMetadata(metadata) } : {}),
    ...(typeof type === 'string' ? { type } : {}),
    ...(Array.isArray(items) ? { items: items.map(withoutSecrets) } : {}),
    ...(Array.isArray(rows) ? { columnDefinitions, rows: rows.map(plainRow) } : {}),
    ...plainReview(value),
  };
}

/** What is wrong with a body may be told in words of the body. */
export function plainStatus({ kind, apiVersion, metadata, message, details, ...rest }: Json): Json {
  const quotes = rest.code === 400 || rest.code === 422;
  const named = isObject(details) ? { details: pick(details, ['name', 'group', 'kind', 'uid', 'retryAfterSeconds']) } : {};
  return {
    ...(kind === undefined ? {} : { kind, apiVersion }),
    metadata,
    ...(quotes || message === undefined ? {} : { message }),
    ...named,
    ...rest,
  };
}

function plainMetadata({ annotations, managedFields: _, ...rest }: Json): Json {
  if (!isObject(annotations)) return rest;
  const { [lastApplied]: _whole, ...others } = annotations;
  return { ...rest, annotations: others };
}

function plainRow(row: unknown): Json {
  const { cells, object } = isObject(row) ? row : {};
  return { cells, ...(object === undefined ? {} : { object: withoutSecrets(object) }) };
}

/** Of TokenRequests and TokenReviews: for whom, until when, and whose. */
function plainReview({ spec, status }: Json): Json {
  return {
    ...(isObject(spec) ? { spec: pick(spec, ['audiences', 'expirationSeconds', 'boundObjectRef']) } : {}),
    ...(isObject(status) ? { status: pick(status, ['expirationTimestamp', 'authenticated', 'user', 'audiences']) } : {}),
  };
}

function pick(value: Json, names: readonly string[]): Json {
  return Object.fromEntries(names.filter((name) => name in value).map((name) => [name, value[name]]));
}
