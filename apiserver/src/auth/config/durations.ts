import { parseGoDuration } from '@keelson/base';

/** A duration of a configuration file, which may be absent. @throws Error with Go's words. */
export function milliseconds(text: string | null | undefined): number | undefined {
  return text ? parseGoDuration(text) : undefined;
}

/** Why a text is no duration; undefined when it is one, or absent. */
export function durationProblem(text: string | null | undefined): string | undefined {
  try {
    milliseconds(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
