import { tooManyRequests } from '@keelson/machinery';
import type { Event } from '@keelson/types';
import type { AdmissionAttributes, AdmissionPlugin } from './types.ts';

type LimitType = 'Server' | 'Namespace' | 'User' | 'SourceAndObject';

export interface EventLimit {
  readonly type: LimitType;
  /** Events a second, in the long run. */
  readonly qps: number;
  /** Events at once. */
  readonly burst: number;
  /** How many namespaces, users or sources are remembered. */
  readonly cacheSize: number;
}

const types: readonly string[] = ['Server', 'Namespace', 'User', 'SourceAndObject'];
const apiVersion = 'eventratelimit.admission.k8s.io/v1alpha1';
const usualCacheSize = 4096;

/** @throws Error in one sentence. */
export function parseEventLimits(document: unknown): readonly EventLimit[] {
  const stated = (document ?? {}) as { kind?: string; apiVersion?: string; limits?: readonly Partial<EventLimit>[] };
  if (stated.kind !== 'Configuration' || stated.apiVersion !== apiVersion) throw new Error(`expected a Configuration of ${apiVersion}`);
  if (!stated.limits?.length) throw new Error('limits: Required value');
  return stated.limits.map(({ type = '', qps = 0, burst = 0, cacheSize = 0 }, index) => {
    const wrong = (what: string): Error => new Error(`limits[${index}].${what}`);
    if (!types.includes(type)) throw wrong(`type: Unsupported value: ${JSON.stringify(type)}`);
    if (qps <= 0) throw wrong(`qps: Invalid value: ${qps}: must be positive`);
    if (burst <= 0) throw wrong(`burst: Invalid value: ${burst}: must be positive`);
    if (cacheSize < 0) throw wrong(`cacheSize: Invalid value: ${cacheSize}: must not be negative`);
    return { type: type as LimitType, qps, burst, cacheSize: cacheSize || usualCacheSize };
  });
}

/** Events come no faster than the server, a namespace, a user, or a source that tells of one object may send them. */
export function eventRateLimit(limits: readonly EventLimit[]): AdmissionPlugin {
  const enforcers = limits.map((limit) => ({ limit, buckets: new Map<string, Bucket>() }));
  return {
    name: 'EventRateLimit',
    validate(attributes) {
      const { store, operation, subresource, dryRun, registry, object } = attributes;
      if (store.kind.kind !== 'Event' || subresource !== '' || (operation !== 'CREATE' && operation !== 'UPDATE') || dryRun || !object)
        return;
      const now = registry.options.clock.now();
      // Each limit is charged though another refuses.
      const spent = enforcers.filter(
        ({ limit, buckets }) => !take(bucketOf(buckets, keyOf(limit.type, attributes), limit, now), limit, now),
      );
      const [first] = spent;
      if (!first) return;
      const texts = spent.map(({ limit }) => `limit reached on type ${limit.type} for key ${keyOf(limit.type, attributes)}`);
      throw tooManyRequests(texts.length > 1 ? `[${texts.join(', ')}]` : (texts[0] ?? ''), 1);
    },
  };
}

interface Bucket {
  tokens: number;
  /** Milliseconds. */
  at: number;
}

/** The key last used longest ago is forgotten where there are too many. */
function bucketOf(buckets: Map<string, Bucket>, key: string, { burst, cacheSize }: EventLimit, now: number): Bucket {
  const bucket = buckets.get(key) ?? { tokens: burst, at: now };
  buckets.delete(key);
  buckets.set(key, bucket);
  const oldest = buckets.size > cacheSize ? buckets.keys().next().value : undefined;
  if (oldest !== undefined) buckets.delete(oldest);
  return bucket;
}

function take(bucket: Bucket, { qps, burst }: EventLimit, now: number): boolean {
  bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(0, now - bucket.at) / 1000) * qps);
  bucket.at = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

function keyOf(type: LimitType, { namespace, user, object }: AdmissionAttributes): string {
  if (type === 'Namespace') return namespace;
  if (type === 'User') return user.name;
  if (type === 'Server') return '';
  const { source = {}, involvedObject = {} } = object as unknown as Partial<Event>;
  const { kind, namespace: where, name, uid, apiVersion: version } = involvedObject;
  return [source.component, source.host, kind, where, name, uid, version].map((part) => part ?? '').join('');
}
