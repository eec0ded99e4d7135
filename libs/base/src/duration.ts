/** Nanoseconds in a unit of Go's durations. */
const units: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** Nanoseconds: what is not negative is a little shorter. */
const longest = 2n ** 63n;

/** Reads a Go duration (`1h2m`, `1.5s`, `-10ms`, `0`) into milliseconds, which may have a fraction. @throws Error with Go's words. */
export function parseGoDuration(text: string): number {
  const invalid = new Error(`time: invalid duration ${quoteBytes(text)}`);
  const [, sign, rest = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (rest === '0') return 0;
  const part = /([0-9]*)(?:\.([0-9]*))?([^0-9.]*)/y;
  let nanos = 0n;
  do {
    const [, whole = '', fraction = '', unit = ''] = part.exec(rest) ?? [];
    if (whole === '' && fraction === '') throw invalid;
    if (BigInt(whole || '0') > longest) throw invalid;
    const size = units[unit];
    if (unit === '') throw new Error(`time: missing unit in duration ${quoteBytes(text)}`);
    if (size === undefined) throw new Error(`time: unknown unit ${quoteBytes(unit)} in duration ${quoteBytes(text)}`);
    nanos += (BigInt(`${whole}${fraction}`) * size) / 10n ** BigInt(fraction.length);
    if (nanos > longest) throw invalid;
  } while (part.lastIndex < rest.length);
  if (nanos === longest && sign !== '-') throw invalid;
  return (Number(nanos) / 1e6) * (sign === '-' ? -1 : 1);
}

/** A text as Go's package time quotes it: every byte that is no plain ASCII is escaped. */
export function quoteBytes(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const shown = (byte: number): string => {
    const character = String.fromCharCode(byte);
    if (byte < 0x20 || byte > 0x7f) return `\\x${byte.toString(16).padStart(2, '0')}`;
    return character === '"' || character === '\\' ? `\\${character}` : character;
  };
  return `"${[...bytes].map(shown).join('')}"`;
}

/** A number of milliseconds as Go prints durations: `1h2m3s`, `1.5s`, `250ms`, `0s`. */
export function formatGoDuration(ms: number): string {
  const nanos = BigInt(Math.round(Math.abs(ms) * 1e6));
  const sign = ms < 0 && nanos > 0n ? '-' : '';
  if (nanos === 0n) return '0s';
  for (const [unit, size, limit] of [
    ['ns', 1n, 1_000n],
    ['µs', 1_000n, 1_000_000n],
    ['ms', 1_000_000n, 1_000_000_000n],
  ] as const) {
    if (nanos < limit) return `${sign}${decimal(nanos, size)}${unit}`;
  }
  const seconds = `${decimal(nanos % 60_000_000_000n, 1_000_000_000n)}s`;
  const minutes = nanos / 60_000_000_000n;
  if (minutes === 0n) return sign + seconds;
  const hours = minutes / 60n;
  return `${sign}${hours > 0n ? `${hours}h` : ''}${minutes % 60n}m${seconds}`;
}

/** A fraction without trailing zeros. */
function decimal(value: bigint, unit: bigint): string {
  const fraction = (value % unit)
    .toString()
    .padStart(unit.toString().length - 1, '0')
    .replace(/0+$/, '');
  return fraction === '' || unit === 1n ? `${value / unit}` : `${value / unit}.${fraction}`;
}
