import { readFile } from 'node:fs/promises';
import { type Clock, errorMessage, type Logger, sleep } from '@keelson/base';

export interface FollowedFiles {
  /** No file twice. */
  readonly paths: readonly string[];
  /** What the caller has read of them already, in their order. */
  readonly texts: readonly string[];
  /** Takes what they say now, all of them. May throw when that is nothing it can use, as a certificate whose key has not followed yet. */
  take(texts: readonly string[]): void;
}

const lookEvery = 10_000;

/**
 * Has files that were replaced take effect without a restart, within ten seconds, as certificates do upstream. What cannot be read or used
 * leaves things as they were, is logged once and tried again. Resolves when the signal aborts.
 */
export async function followFiles(
  { paths, texts, take }: FollowedFiles,
  { clock, log, signal }: { readonly clock: Clock; readonly log: Logger; readonly signal: AbortSignal },
): Promise<void> {
  let known = texts;
  let said = '';
  while (!signal.aborted) {
    await sleep(clock, lookEvery, signal).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const found = await Promise.all(paths.map((path) => readFile(path, 'utf8')));
      if (found.every((text, at) => text === known[at])) continue;
      take(found);
      known = found;
      said = '';
      log.info('files have changed and are in use', { paths });
    } catch (error) {
      const message = errorMessage(error);
      if (message !== said) log.warn('changed files cannot be used yet', { paths, error: message });
      said = message;
    }
  }
}
