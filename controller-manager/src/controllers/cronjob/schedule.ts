import { parseGoDuration, rfc3339 } from '@keelson/base';
import { Cron } from 'croner';
import type { Schedule } from './plan.ts';

/** The highest value of each field. */
const maxima = [59, 23, 31, 12, 6];

/**
 * A schedule in cron form, a descriptor (`@hourly`) or `@every 1h30m`, by the wall clock of a zone: times that a change of the clock
 * leaves out are left out, and those that it repeats come twice. `TZ=…` before the schedule names the zone, as in old CronJobs.
 * @throws Error for what is no schedule, or an unknown zone.
 */
export function parseSchedule(text: string, zone: string): Schedule {
  const [, named, rest = ''] = /^(?:(?:CRON_)?TZ=(\S*)\s+)?(.*)$/s.exec(text.trim()) ?? [];
  if (rest.startsWith('@every ')) return every(parseGoDuration(rest.slice('@every '.length)));
  const pattern = rest.startsWith('@') ? rest : rest.split(/\s+/).map(adapted).join(' ');
  const cron = new Cron(fixed(pattern), { mode: '5-part', timezone: named || zone });
  // Asked once, so that an unknown zone is found here.
  cron.nextRun(new Date(0));
  return { next: (after) => cron.nextRun(new Date(after))?.getTime() };
}

/** Counts from whatever it is asked about, in whole seconds, one at least. */
function every(delay: number): Schedule {
  const step = Math.max(1_000, Math.floor(delay / 1000) * 1000);
  return { next: (after) => Math.floor(after / 1000) * 1000 + step };
}

const midnight = '0-0/1';
const descriptors: Readonly<Record<string, string>> = {
  '@yearly': `0 ${midnight} 1 1 *`,
  '@annually': `0 ${midnight} 1 1 *`,
  '@monthly': `0 ${midnight} 1 * *`,
  '@weekly': `0 ${midnight} * * 0`,
  '@daily': `0 ${midnight} * * *`,
  '@midnight': `0 ${midnight} * * *`,
  '@hourly': '0 * * * *',
};

function fixed(pattern: string): string {
  return descriptors[pattern] ?? pattern;
}

/**
 * A field as the library reads it: no `?`, which is `*`; a step has a range before it; and an hour is a range of one, since of jobs at
 * one fixed time the library moves those that a change of the clock leaves out.
 */
function adapted(field: string, index: number): string {
  const parts = field.split(',').filter(Boolean);
  return parts.map((part) => adaptedPart(part.replace('?', '*'), index)).join(',');
}

function adaptedPart(part: string, index: number): string {
  const [span = '', step] = part.split('/');
  if (span.startsWith('*')) return step === undefined || Number(step) === 1 ? '*' : `*/${step}`;
  if (step !== undefined) return span.includes('-') ? part : `${span}-${maxima[index]}/${step}`;
  return index === 1 && !span.includes('-') ? `${span}-${span}/1` : part;
}

/** The zone of this process, in which schedules without one are read. */
export function localZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** A time in RFC 3339 by the clock of a zone, UTC without one: `2026-07-01T08:00:00+02:00`. @throws Error for an unknown zone. */
export function zonedTime(time: number, zone = 'UTC'): string {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(time);
  const offset = parts.find(({ type }) => type === 'timeZoneName')?.value.slice('GMT'.length) ?? '';
  if (offset === '' || offset === '+00:00') return rfc3339(time);
  const [, sign, hours, minutes] = /^([+-])(\d\d):(\d\d)/.exec(offset) ?? [];
  const shift = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -60_000 : 60_000);
  return `${rfc3339(time + shift).slice(0, -1)}${offset.slice(0, '+00:00'.length)}`;
}
