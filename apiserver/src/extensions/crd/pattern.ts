import { errorMessage } from '@keelson/base';
import { type Regex, regexOf } from '@keelson/cel';

/** A schema's pattern as Go reads it, which no value makes slow; or, in Go's words, why it is none. */
export function patternOf(pattern: string): Regex | string {
  try {
    return regexOf(pattern);
  } catch (error) {
    return errorMessage(error);
  }
}

/** Whether a part of the text fits. Nothing fits what is no pattern. */
export function fits(text: string, pattern: string): boolean {
  const regex = patternOf(pattern);
  return typeof regex !== 'string' && regex.test(text);
}
