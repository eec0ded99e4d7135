const pattern = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)$/;

/** Reads an RFC 3339 time into milliseconds since the epoch; undefined for what is none, a day that does not exist included. */
export function parseTime(text: string | null | undefined): number | undefined {
  const match = text ? pattern.exec(text) : null;
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction = ''] = match;
  const ms = Number(`0.${fraction || '0'}`) * 1000;
  const written = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const same = new Date(written).toISOString().startsWith(`${year}-${month}-${day}T${hour}:${minute}:${second}`);
  return same ? written + Math.trunc(ms) - offset(match[8] ?? 'Z') : undefined;
}

function offset(zone: string): number {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}
