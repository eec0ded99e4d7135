import { parseGoDuration } from '@keelson/machinery';

/** A field of a schedule: its bounds, and the names its values may have. */
interface Field {
  readonly from: number;
  readonly to: number;
  readonly names?: readonly string[];
  /** The number of the first name. */
  readonly firstName?: number;
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const fields: readonly Field[] = [
  { from: 0, to: 59 },
  { from: 0, to: 23 },
  { from: 1, to: 31 },
  { from: 1, to: 12, names: months, firstName: 1 },
  { from: 0, to: 6, names: weekdays, firstName: 0 },
];

const descriptors = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];

/** What is wrong with a schedule in cron form, in the words of the parser upstream uses; undefined for nothing. */
export function cronProblem(schedule: string): string | undefined {
  try {
    check(schedule);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function check(schedule: string): void {
  if (schedule === '') throw new Error('empty spec string');
  const rest = schedule.replace(/^(?:CRON_)?TZ=\S*\s*/, '');
  if (rest.startsWith('@')) checkDescriptor(rest);
  else checkFields(rest);
}

function checkFields(text: string): void {
  const parts = text.trim().split(/\s+/).filter(Boolean);
  if (parts.length !== fields.length) throw new Error(`expected exactly 5 fields, found ${parts.length}: [${parts.join(' ')}]`);
  for (const [i, field] of fields.entries()) for (const range of (parts[i] as string).split(',').filter(Boolean)) checkRange(range, field);
}

function checkDescriptor(text: string): void {
  if (descriptors.includes(text)) return;
  if (!text.startsWith('@every ')) throw new Error(`unrecognized descriptor: ${text}`);
  try {
    parseGoDuration(text.slice('@every '.length));
  } catch (error) {
    throw new Error(`failed to parse duration ${text}: ${(error as Error).message}`);
  }
}

/** `*`, `3`, `1-5`, `mon-fri`, each with `/step`. */
function checkRange(text: string, field: Field): void {
  const [span = '', step, ...slashes] = text.split('/');
  const [low = '', high, ...hyphens] = span.split('-');
  const wild = low === '*' || low === '?';
  if (!wild && hyphens.length > 0) throw new Error(`too many hyphens: ${text}`);
  const start = wild ? field.from : numberOf(low, field);
  let end = wild ? field.to : start;
  if (!wild && high !== undefined) end = numberOf(high, field);
  if (slashes.length > 0) throw new Error(`too many slashes: ${text}`);
  const every = step === undefined ? 1 : wholeNumber(step);
  if (step !== undefined && !wild && high === undefined) end = field.to;
  if (start < field.from) throw new Error(`beginning of range (${start}) below minimum (${field.from}): ${text}`);
  if (end > field.to) throw new Error(`end of range (${end}) above maximum (${field.to}): ${text}`);
  if (start > end) throw new Error(`beginning of range (${start}) beyond end of range (${end}): ${text}`);
  if (every === 0) throw new Error(`step of range should be a positive number: ${text}`);
}

function numberOf(text: string, { names, firstName = 0 }: Field): number {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  return named < 0 ? wholeNumber(text) : named + firstName;
}

function wholeNumber(text: string): number {
  if (!/^[+-]?[0-9]+$/.test(text)) {
    throw new Error(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  const value = Number(text);
  if (value < 0) throw new Error(`negative number (${value}) not allowed: ${text}`);
  return value;
}
