import { errorMessage, parseGoDuration } from '@keelson/base';
import { EvaluationError } from './errors.ts';
import { Timestamp } from './values.ts';

/** Reads a duration as Go writes it, `1h30m` or `-1.5s`. @returns nanoseconds. @throws EvaluationError with Go's words. */
export function parseDuration(text: string): bigint {
  try {
    return BigInt(Math.round(parseGoDuration(text) * 1e6));
  } catch (error) {
    throw new EvaluationError(errorMessage(error));
  }
}

/** Seconds with as many decimals as it takes: `90s`, `1.5s`. */
export function durationText(nanos: bigint): string {
  const size = nanos < 0n ? -nanos : nanos;
  return `${nanos < 0n ? '-' : ''}${size / second}${fraction(size % second)}s`;
}

const second = 1_000_000_000n;

function fraction(nanos: bigint): string {
  return nanos === 0n ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`;
}

const rfc3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:[.,](\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

/** @throws EvaluationError for what is no time as RFC 3339 writes it. */
export function parseTimestamp(text: string): Timestamp {
  const wrong = (): EvaluationError =>
    new EvaluationError(`parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": cannot parse it`);
  const match = rfc3339.exec(text);
  if (!match) throw wrong();
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, sec = 0] = match.slice(1, 7).map(Number);
  const midnight = new Date(0);
  midnight.setUTCFullYear(year, month - 1, day);
  if (midnight.getUTCMonth() !== month - 1 || hour > 23 || minute > 59 || sec > 59) throw wrong();
  const offset = (Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0)) * (match[8] === '-' ? -60 : 60);
  const seconds = BigInt(midnight.getTime() / 1000 + hour * 3600 + minute * 60 + sec - offset);
  return new Timestamp(seconds * second + BigInt((match[7] ?? '').slice(0, 9).padEnd(9, '0')), offset);
}

/** As RFC 3339 writes it, on the clock where it was told. */
export function timestampText({ nanos, ahead }: Timestamp): string {
  const rest = ((nanos % second) + second) % second;
  const whole = new Date(Number((nanos - rest) / 1_000_000n) + ahead * 1000).toISOString().slice(0, 19);
  return `${whole}${fraction(rest)}${zoneText(ahead)}`;
}

function zoneText(ahead: number): string {
  if (ahead === 0) return 'Z';
  const minutes = Math.abs(ahead) / 60;
  const two = (count: number): string => String(count).padStart(2, '0');
  return `${ahead < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** The clock's face somewhere: what `getFullYear` and its kin read. */
export interface Face {
  readonly year: number;
  /** 0 to 11. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  /** 0 is the first of January. */
  readonly yearDay: number;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
  readonly milliseconds: number;
}

/**
 * @param zone a name as `Europe/Berlin`, or an offset as `-08:00`; UTC when empty; where the time was told when there is none.
 * @throws EvaluationError for a zone there is not.
 */
export function faceOf({ nanos, ahead }: Timestamp, zone: string | undefined): Face {
  const ms = Number((nanos - (((nanos % 1_000_000n) + 1_000_000n) % 1_000_000n)) / 1_000_000n);
  const local = new Date(ms + (zone === undefined ? ahead * 1000 : offsetOf(ms, zone)));
  const year = local.getUTCFullYear();
  const start = new Date(0);
  start.setUTCFullYear(year, 0, 1);
  return {
    ...{ year, month: local.getUTCMonth(), day: local.getUTCDate(), weekday: local.getUTCDay() },
    yearDay: Math.floor((local.getTime() - start.getTime()) / 86_400_000),
    ...{ hours: local.getUTCHours(), minutes: local.getUTCMinutes(), seconds: local.getUTCSeconds() },
    milliseconds: local.getUTCMilliseconds(),
  };
}

/** Milliseconds that a zone is ahead of UTC at a moment. */
function offsetOf(ms: number, zone: string): number {
  if (zone === '' || zone === 'UTC') return 0;
  const [, sign, hours, minutes] = /^([+-]?)(\d{2}):(\d{2})$/.exec(zone) ?? [];
  if (hours !== undefined) return (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -60_000 : 60_000);
  try {
    const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(ms);
    const text = parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT';
    const [, ahead, h = '0', m = '0', s = '0'] = /^GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(text) ?? [];
    return (Number(h) * 3600 + Number(m) * 60 + Number(s)) * (ahead === '-' ? -1000 : 1000);
  } catch {
    throw new EvaluationError(`unknown time zone ${zone}`);
  }
}
