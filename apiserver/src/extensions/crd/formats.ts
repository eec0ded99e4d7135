import { parseCidr, parseIp } from '@keelson/machinery';

type Check = (text: string) => boolean;

const dateTime = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:?\d\d)$/;
const uuid = (version: string): RegExp => new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$`, 'i');
const hostname = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\.?$/i;
const matching =
  (pattern: RegExp): Check =>
  (text) =>
    pattern.test(text);

/** The string formats upstream checks in custom resources. Others are allowed and mean nothing. */
const formats: Readonly<Record<string, Check>> = {
  'date-time': (text) => dateTime.test(text) && !Number.isNaN(Date.parse(text.toUpperCase().replace(' ', 'T'))),
  datetime: (text) => dateTime.test(text),
  date: (text) => /^\d{4}-\d\d-\d\d$/.test(text) && new Date(`${text}T00:00:00Z`).toISOString().startsWith(text),
  duration: matching(
    /^([+-]?\d+(\.\d+)?\s*(ns|us|µs|ms|s|m|h|d|w|nanos?|micros?|millis?|sec(ond)?s?|min(ute)?s?|h(ou)?rs?|days?|weeks?)\s*)+$/i,
  ),
  email: matching(/^[^\s@<>]+@[^\s@<>]+$/),
  hostname: matching(hostname),
  ipv4: (text) => parseIp(text)?.version === 4,
  ipv6: (text) => parseIp(text)?.version === 6,
  ip: (text) => parseIp(text) !== undefined,
  cidr: (text) => parseCidr(text) !== undefined,
  mac: matching(/^([0-9a-f]{2}[:-]){5}([0-9a-f]{2})$|^([0-9a-f]{4}\.){2}[0-9a-f]{4}$/i),
  uri: (text) => URL.canParse(text) || text.startsWith('/'),
  uuid: matching(uuid('[0-9a-f]')),
  uuid3: matching(uuid('3')),
  uuid4: matching(uuid('4')),
  uuid5: matching(uuid('5')),
  byte: matching(/^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/),
  hexcolor: matching(/^#?([0-9a-f]{3}|[0-9a-f]{6})$/i),
  rgbcolor: matching(/^rgb\(\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3}\s*\)$/),
  creditcard: matching(/^[\d -]{13,19}$/),
  isbn10: matching(/^(\d[- ]?){9}[\dX]$/),
  isbn13: matching(/^(\d[- ]?){13}$/),
  isbn: matching(/^((\d[- ]?){9}[\dX]|(\d[- ]?){13})$/),
  ssn: matching(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/),
  bsonobjectid: matching(/^[0-9a-f]{24}$/i),
};

/** Formats that have a meaning and forbid nothing. */
const free = ['password', 'k8s-short-name', 'k8s-long-name'];

/** Whether strings may be said to be of a format. Dashes do not count. */
export function isKnownFormat(format: string): boolean {
  const plain = (name: string): string => name.replaceAll('-', '');
  return [...Object.keys(formats), ...free].some((name) => name !== 'ip' && plain(name) === plain(format));
}

/** Whether a string is of a format; formats nobody knows fit everything. */
export function hasFormat(text: string, format: string): boolean {
  return formats[format]?.(text) ?? true;
}
