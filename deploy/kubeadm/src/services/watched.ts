import { join } from 'node:path';

/** What the supervisor keeps running: command lines as they were started, so that it has nothing to decide. */
export interface Watched {
  /** Whether there is a private container runtime. */
  readonly runtime: boolean;
  readonly services: readonly { readonly name: string; readonly command: readonly string[] }[];
}

export function watchedPath(dataDir: string): string {
  return join(dataDir, 'watched.json');
}
