/** A file as a volume shows it; `mode` is its permission bits. */
export interface VolumeFile {
  readonly data: Buffer;
  readonly mode: number;
}

export type PathKind = 'directory' | 'file' | 'socket' | 'charDevice' | 'blockDevice';

/**
 * What the kubelet does to the node's files. Two implementations: `disk.ts`, and `memory.ts` for nodes whose containers are a model.
 * Paths are absolute. Methods reject with the operating system's error.
 */
export interface Host {
  /** Makes a directory with its parents; `gid` owns it and everything made in it. Nothing changes where it is there already. */
  directory(path: string, options: { readonly mode: number; readonly gid?: number | undefined }): Promise<void>;
  /** A directory in memory of at most `sizeBytes` (0: the kernel's default). */
  tmpfs(path: string, options: { readonly mode: number; readonly gid?: number | undefined; readonly sizeBytes: number }): Promise<void>;
  /** Makes `directory` show exactly `files` (by relative path), all at once for every reader. Writes nothing when it already does. */
  publish(directory: string, files: ReadonlyMap<string, VolumeFile>, gid: number | undefined): Promise<void>;
  /** Writes one file, in place, with its parent directories. */
  write(path: string, data: string, mode: number): Promise<void>;
  /** The last `limit` bytes of a file; undefined when there is none. */
  readTail(path: string, limit: number): Promise<Buffer | undefined>;
  /** What is at `path`, symbolic links followed; undefined: nothing. */
  kind(path: string): Promise<PathKind | undefined>;
  /** The real path of `subPath` below `base`, made as a directory if missing. @throws when it leads out of `base`. */
  subPath(base: string, subPath: string, gid: number | undefined): Promise<string>;
  /** Takes away `path` with all below it, mounts first. */
  remove(path: string): Promise<void>;
}
