import { parseGoDuration } from '@keelson/base';

/** A duration of a configuration file, which may be absent. */
export function milliseconds(text: string | null | undefined): number | undefined {
  return text === undefined || text === null ? undefined : parseGoDuration(text);
}
