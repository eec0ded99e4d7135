import { parseTime } from './time.ts';

/**
 * How long ago, as kubectl's AGE columns say it: two units at most, and only one where the second would not matter.
 * @param ms the age in milliseconds; `<invalid>` for one more than a second in the future.
 */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 60 * 2) return `${seconds}s`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes < 10) return withRest(minutes, 'm', seconds % 60, 's');
  if (minutes < 60 * 3) return `${minutes}m`;
  const hours = Math.trunc(minutes / 60);
  if (hours < 8) return withRest(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (hours < 24 * 8) return withRest(days, 'd', hours % 24, 'h');
  if (hours < 24 * 365 * 2) return `${days}d`;
  const years = Math.trunc(days / 365);
  return hours < 24 * 365 * 8 ? withRest(years, 'y', days % 365, 'd') : `${years}y`;
}

function withRest(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}

/** How long ago a timestamp was: `<unknown>` for none, as kubectl shows it. @param now milliseconds since the epoch. */
export function ageText(timestamp: string | null | undefined, now: number): string {
  const then = parseTime(timestamp);
  return then === undefined ? '<unknown>' : humanDuration(now - then);
}

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

/** Reads a Go duration (`1h2m`, `1.5s`, `-10ms`, `0`) into milliseconds, which may have a fraction. @throws Error with Go's words. */
export function parseGoDuration(text: string): number {
  const invalid = new Error(`time: invalid duration ${JSON.stringify(text)}`);
  const [, sign, rest = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (rest === '0') return 0;
  const part = /([0-9]*)(?:\.([0-9]*))?([^0-9.]*)/y;
  let nanos = 0n;
  do {
    const [, whole = '', fraction = '', unit = ''] = part.exec(rest) ?? [];
    if (whole === '' && fraction === '') throw invalid;
    const size = units[unit];
    if (unit === '') throw new Error(`time: missing unit in duration ${JSON.stringify(text)}`);
    if (size === undefined) throw new Error(`time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`);
    nanos += (BigInt(`${whole}${fraction}`) * size) / 10n ** BigInt(fraction.length);
  } while (part.lastIndex < rest.length);
  if (nanos > 2n ** 63n - 1n) throw invalid;
  return (Number(nanos) / 1e6) * (sign === '-' ? -1 : 1);
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
