import { compareStrings } from './go-text.ts';

const encoder = new TextEncoder();

/** FNV-1a, 32 bits, of a text's UTF-8 bytes. */
export function fnv32a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of encoder.encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

const safe = 'bcdfghjklmnpqrstvwxz2456789';

/** Replaces each character by one that makes no words: the alphabet of generated names. */
export function safeEncode(text: string): string {
  return Array.from(encoder.encode(text), (byte) => safe[byte % safe.length]).join('');
}

/** JSON with sorted keys and without what is undefined or null: equal values give equal text. */
export function stableJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stableJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined && inner !== null);
  return `{${entries
    .sort(([a], [b]) => compareStrings(a, b))
    .map(([key, inner]) => `${JSON.stringify(key)}:${stableJson(inner)}`)
    .join(',')}}`;
}

/**
 * The hash of a pod template (or any object) as it stands in names and labels such as `pod-template-hash`: FNV-1a in decimal, encoded
 * safely, at most ten characters. Upstream hashes a dump of Go structures, ours stable JSON: the form is the same, the values differ.
 * @param collisionCount of the owner's status, when the first hash met a stranger's.
 */
export function objectHash(value: unknown, collisionCount?: number | null): string {
  const salt = collisionCount === undefined || collisionCount === null ? '' : String(collisionCount);
  return safeEncode(String(fnv32a(stableJson(value) + salt)));
}
