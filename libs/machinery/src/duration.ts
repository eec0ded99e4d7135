import { parseTime } from './time.ts';

export { formatGoDuration, parseGoDuration } from '@keelson/base';

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
