import type { DiskUse } from '../cri/types.ts';

/** A file as a volume shows it; `mode` is its permission bits. */
export interface VolumeFile {
  readonly data: Buffer;
  readonly mode: number;
  /** Who owns it; root where absent. */
  readonly uid?: number | undefined;
}

export type PathKind = 'directory' | 'file' | 'socket' | 'charDevice' | 'blockDevice';

/**
 * What the kubelet does to the node's files. Two implementations: `disk.ts`, and `memory.ts` for nodes whose containers are a model.
 * Paths are absolute. Methods reject with the operating system's error.
 */
export interface Host {
  readonly mounts: Mounts;
  /** Makes a directory with its parents; `gid` owns it and everything made in it. Nothing changes where it is there already. */
  directory(path: string, options: { readonly mode: number; readonly gid?: number | undefined }): Promise<void>;
  /** Makes `directory` show exactly `files` (by relative path), all at once for every reader. Writes nothing when it already does. */
  publish(directory: string, files: ReadonlyMap<string, VolumeFile>, gid: number | undefined): Promise<void>;
  /** Writes one file, in place, with its parent directories. */
  write(path: string, data: string, mode: number): Promise<void>;
  /** The last `limit` bytes of a file; undefined when there is none. */
  readTail(path: string, limit: number): Promise<Buffer | undefined>;
  /** The start of a regular file of a volume, up to `limit` bytes; no link leads out of the volume. undefined when there is none. */
  readBelow(volume: string, path: string, limit: number): Promise<Buffer | undefined>;
  /** What is at `path`, symbolic links followed; undefined: nothing. */
  kind(path: string): Promise<PathKind | undefined>;
  /** The blocks and inodes of everything below `path`, and of `path` with `itself`; other file systems left out. */
  usage(path: string, options: { readonly itself: boolean }): Promise<DiskUse>;
  /** Takes away `path` with all below it. What is mounted below it is unmounted first and keeps its files. */
  remove(path: string): Promise<void>;
}

export interface TmpfsOptions {
  readonly gid?: number | undefined;
  /** 0: the kernel's default, half of the memory. */
  readonly sizeBytes: number;
}

export interface GroupOptions {
  /** The group may only read. */
  readonly readOnly: boolean;
  /** `fsGroupChangePolicy: OnRootMismatch`: nothing is done where the top directory is right already. */
  readonly onRootMismatch: boolean;
}

/** How full a filesystem is. */
export interface Fullness {
  readonly capacityBytes: number;
  readonly availableBytes: number;
  readonly usedBytes: number;
  readonly inodes: number;
  readonly inodesFree: number;
  readonly inodesUsed: number;
}

export interface DeviceOptions {
  /** As `mkfs` and `mount` name it; empty: ext4. */
  readonly fsType: string;
  /** As `mount -o` takes them. */
  readonly options: readonly string[];
  readonly readOnly: boolean;
}

/** What volumes need of the node's mounts. All are right to repeat. */
export interface Mounts {
  /** A directory in memory in which everybody may make files and remove their own: Kubernetes leaves the kernel's default, 01777. */
  tmpfs(path: string, options: TmpfsOptions): Promise<void>;
  /** Shows the directory `source` at `target`, too. */
  bind(source: string, target: string, options: { readonly readOnly: boolean }): Promise<void>;
  /** Shows the file system on a block device at `target`; makes it first on a device that holds nothing. @throws Error in upstream's words. */
  device(device: string, target: string, options: DeviceOptions): Promise<void>;
  /**
   * Shows `subPath` of the volume at `base`, made as a directory if missing, at `target`, and resolves to the path a container is to be
   * given. Nobody who can write to the volume can have it show something else. @throws when it leads out of `base`.
   */
  subPath(base: string, subPath: string, target: string): Promise<string>;
  /** What `fsGroup` asks of a volume: all of it belongs to the group, which may use it, and so does what is made in it later. */
  giveToGroup(path: string, gid: number, options: GroupOptions): Promise<void>;
  /** Of the filesystem that holds `path`; undefined where nothing can be said. */
  fullness(path: string): Promise<Fullness | undefined>;
}
