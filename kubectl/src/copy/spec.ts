import { posix } from 'node:path';

/** A side of a copy: a file here, or one in a pod. */
export interface FileSpec {
  /** Undefined: here. */
  readonly pod: string | undefined;
  readonly namespace: string | undefined;
  readonly path: string;
}

/** Reads `path`, `pod:path` and `namespace/pod:path`. @throws Error in kubectl's words. */
export function parseSpec(text: string): FileSpec {
  const at = text.indexOf(':');
  if (at === -1) return { pod: undefined, namespace: undefined, path: text };
  const parts = text.slice(0, at).split('/');
  const path = text.slice(at + 1);
  const [first = '', second] = parts;
  if (at === 0 || parts.length > 2) throw new Error('filespec must match the canonical format: [[namespace/]pod:]file/path');
  return second === undefined ? { pod: first, namespace: undefined, path } : { pod: second, namespace: first, path };
}

/** What the names in an archive of a remote path begin with: tar leaves out the root, and ways up. */
export function archivePrefix(path: string): string {
  const clean = posix.normalize(path.replace(/\/+$/, '') || '/');
  return clean.replace(/^(?:\.\.?(?:\/|$)|\/)+/, '');
}
