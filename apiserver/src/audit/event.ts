import type { HttpRequestLike } from '@keelson/client';
import type { Status } from '@keelson/types';
import type { UserInfo } from '../auth/types.ts';
import type { RequestInfo } from '../http/request-info.ts';
import type { AuditConfig } from './match.ts';
import type { Level, Stage } from './policy.ts';
import { holdsSecrets, plainStatus, withoutSecrets } from './secrets.ts';

/** audit.k8s.io/v1 Event. */
export interface AuditEvent {
  readonly kind: 'Event';
  readonly apiVersion: 'audit.k8s.io/v1';
  readonly level: Level;
  readonly auditID: string;
  readonly stage: Stage;
  readonly requestURI: string;
  readonly verb: string;
  readonly user: object;
  readonly impersonatedUser?: object;
  readonly authenticationMetadata?: { readonly impersonationConstraint: string };
  readonly sourceIPs?: readonly string[];
  readonly userAgent?: string;
  readonly objectRef?: object;
  readonly responseStatus?: object;
  readonly requestObject?: unknown;
  readonly responseObject?: unknown;
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What is known of a request so far. */
export interface Facts {
  readonly id: string;
  readonly info: RequestInfo;
  readonly uri: string;
  readonly sourceIPs: readonly string[];
  readonly userAgent: string;
  /** Milliseconds. */
  readonly received: number;
  readonly user?: UserInfo | undefined;
  readonly impersonated?: UserInfo | undefined;
  /** The verb that allowed it for this one action. */
  readonly constraint?: string | undefined;
  readonly requestObject?: unknown;
  readonly responseObject?: unknown;
  readonly status?: Partial<Status> | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

const longestAgent = 1024;

/** A request at a stage, as the log tells it. What no log may hold is left out (`secrets.ts`). @param now milliseconds. */
export function eventOf(facts: Facts, { level, omitManagedFields }: AuditConfig, stage: Stage, now: number): AuditEvent {
  const { info, user, impersonated, constraint, status, sourceIPs, userAgent, annotations } = facts;
  const shown = (object: unknown): unknown => shownObject(object, info, omitManagedFields);
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level,
    auditID: facts.id,
    stage,
    requestURI: facts.uri,
    verb: info.verb,
    user: user ? userOf(user) : {},
    ...(impersonated ? { impersonatedUser: userOf(impersonated) } : {}),
    ...(constraint ? { authenticationMetadata: { impersonationConstraint: constraint } } : {}),
    ...(sourceIPs.length > 0 ? { sourceIPs } : {}),
    ...(userAgent ? { userAgent: userAgent.length > longestAgent ? `${userAgent.slice(0, longestAgent)}...TRUNCATED` : userAgent } : {}),
    ...(info.isResource ? { objectRef: referenceOf(facts) } : {}),
    ...(status ? { responseStatus: shownStatus(status, info) } : {}),
    ...member('requestObject', level === 'Request' || level === 'RequestResponse' ? shown(facts.requestObject) : undefined),
    ...member('responseObject', level === 'RequestResponse' ? shown(facts.responseObject) : undefined),
    requestReceivedTimestamp: microTime(facts.received),
    stageTimestamp: microTime(now),
    ...(Object.keys(annotations).length > 0 ? { annotations: { ...annotations } } : {}),
  };
}

/** As `metav1.MicroTime`, of milliseconds. */
function microTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}000Z`;
}

function member(name: 'requestObject' | 'responseObject', value: unknown): object {
  return value === undefined ? {} : { [name]: value };
}

function userOf({ name, uid, groups, extra }: UserInfo): object {
  return {
    username: name,
    ...(uid ? { uid } : {}),
    ...(groups.length > 0 ? { groups } : {}),
    ...(extra && Object.keys(extra).length > 0 ? { extra } : {}),
  };
}

/** What the URL leaves open, such as a new object's name, the object in the request tells. */
function referenceOf({ info, requestObject }: Facts): object {
  const { metadata = {} } = (requestObject ?? {}) as {
    metadata?: Partial<Record<'name' | 'namespace' | 'uid' | 'resourceVersion', string>>;
  };
  const said = {
    resource: info.resource,
    namespace: info.namespace || metadata.namespace,
    name: info.name || metadata.name,
    uid: metadata.uid,
    apiGroup: info.group,
    apiVersion: info.version,
    resourceVersion: metadata.resourceVersion,
    subresource: info.subresource,
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value));
}

function shownStatus(status: Partial<Status>, info: RequestInfo): object {
  const { status: outcome, message, reason, details, code } = status;
  const kept = {
    metadata: {},
    ...(outcome ? { status: outcome } : {}),
    ...(message ? { message } : {}),
    ...(reason ? { reason } : {}),
    ...(details && Object.keys(details).length > 0 ? { details } : {}),
    ...(code ? { code } : {}),
  };
  return holdsSecrets(info) ? plainStatus(kept) : kept;
}

function shownObject(object: unknown, info: RequestInfo, omitManagedFields: boolean): unknown {
  if (object === undefined) return undefined;
  if (holdsSecrets(info)) return withoutSecrets(object);
  return omitManagedFields ? withoutManagedFields(object) : object;
}

/** Of an object, or of the objects of a list or table. */
function withoutManagedFields(object: unknown): unknown {
  if (typeof object !== 'object' || object === null || Array.isArray(object)) return object;
  const { kind, metadata, items, rows } = object as Partial<Listed>;
  if (kind === 'Table') return { ...object, rows: rows?.map((row) => ({ ...row, object: withoutManagedFields(row.object) })) };
  const { managedFields: _, ...rest } = (metadata ?? {}) as { managedFields?: unknown };
  return {
    ...object,
    ...(metadata ? { metadata: rest } : {}),
    ...(Array.isArray(items) ? { items: items.map(withoutManagedFields) } : {}),
  };
}

interface Listed {
  readonly kind: string;
  readonly metadata: object;
  readonly items: readonly unknown[];
  readonly rows: readonly { readonly object?: unknown }[];
}

/** Where a request came from: what proxies say in their order, then who is connected. */
export function sourceIPsOf({ headers, socket }: Pick<HttpRequestLike, 'headers' | 'socket'>): string[] {
  const said = [headers['x-forwarded-for'] ?? []].flat().flatMap((line) => line.split(',').map((address) => address.trim()));
  const real = [headers['x-real-ip'] ?? []].flat();
  const direct = socket?.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '');
  return [...new Set([...said, ...real, ...(direct ? [direct] : [])])].filter((address) => /^[0-9a-fA-F.:]+$/.test(address));
}
