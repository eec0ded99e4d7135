import { Duration, entryOf, keysOf, Opaque, Optional, Timestamp, TypeValue, timestampText, Uint } from '@keelson/cel';

/** One text for a value, the same as upstream's program makes of its own. */
export function written(value: unknown): string {
  switch (typeof value) {
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'number':
      return doubleText(value);
    case 'string':
      return JSON.stringify(value).replaceAll(/[\u2028\u2029\u007f]/g, escaped);
    default:
      return value === null ? 'null' : writtenObject(value as object);
  }
}

function escaped(char: string): string {
  return char === '\u007f' ? char : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return `${Object.is(value, -0) ? '-' : ''}${value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')}`;
}

function writtenObject(value: object): string {
  if (value instanceof Uint) return `${value.value}u`;
  if (value instanceof Uint8Array) return `b${Buffer.from(value).toString('hex')}`;
  if (value instanceof Duration) return `${value.nanos}ns`;
  if (value instanceof Timestamp) return timestampText(value);
  if (value instanceof Optional) return value.present ? `optional ${written(value.value)}` : 'none';
  if (value instanceof TypeValue) return value.name;
  if (value instanceof Opaque) return value.typeName;
  if (Array.isArray(value)) return `[${Array.from(value, written).join(', ')}]`;
  const entries = keysOf(value).map((key) => `${written(key)}: ${written(entryOf(value, key))}`);
  return `{${entries.sort(byBytes).join(', ')}}`;
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
