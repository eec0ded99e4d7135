/** How much of a file system is left. Bytes and inodes. */
export interface FilesystemLeft {
  readonly available: number;
  readonly total: number;
  readonly inodesFree: number;
  readonly inodes: number;
}

/**
 * What lies on which disk. `shared`: the kubelet's files, images and containers' writable layers on one; `images`: images and writable
 * layers have one of their own; `split`: images alone have.
 */
export type DiskLayout = 'shared' | 'images' | 'split';

/** What a node has left. */
export interface NodeResources {
  readonly memoryAvailable: number;
  readonly memoryTotal: number;
  /** Of what all pods may use together; undefined: nobody bounds them. */
  readonly allocatableMemory?: Observation | undefined;
  readonly pidsAvailable: number;
  readonly pidsTotal: number;
  readonly layout: DiskLayout;
  readonly nodefs: FilesystemLeft;
  readonly imagefs: FilesystemLeft;
  readonly containerfs: FilesystemLeft;
}

/** A resource as eviction messages name it. */
export type StarvedResource = 'memory' | 'pids' | 'ephemeral-storage' | 'inodes';

export interface Observation {
  readonly available: number;
  readonly total: number;
}

interface SignalFacts {
  readonly resource: StarvedResource;
  readonly pressure: keyof Pressures;
  observe(node: NodeResources): Observation;
}

export interface Pressures {
  readonly memory: boolean;
  readonly disk: boolean;
  readonly pid: boolean;
}

type Disk = 'nodefs' | 'imagefs' | 'containerfs';

const bytesOf = (disk: Disk): SignalFacts => ({
  resource: 'ephemeral-storage',
  pressure: 'disk',
  observe: (node) => ({ available: node[disk].available, total: node[disk].total }),
});

const inodesOf = (disk: Disk): SignalFacts => ({
  resource: 'inodes',
  pressure: 'disk',
  observe: (node) => ({ available: node[disk].inodesFree, total: node[disk].inodes }),
});

/** Upstream's eviction signals. */
const signals: Readonly<Record<string, SignalFacts>> = {
  'memory.available': {
    resource: 'memory',
    pressure: 'memory',
    observe: ({ memoryAvailable, memoryTotal }) => ({ available: memoryAvailable, total: memoryTotal }),
  },
  'allocatableMemory.available': {
    resource: 'memory',
    pressure: 'memory',
    observe: ({ allocatableMemory }) => allocatableMemory ?? { available: 0, total: 0 },
  },
  'nodefs.available': bytesOf('nodefs'),
  'nodefs.inodesFree': inodesOf('nodefs'),
  'imagefs.available': bytesOf('imagefs'),
  'imagefs.inodesFree': inodesOf('imagefs'),
  'containerfs.available': bytesOf('containerfs'),
  'containerfs.inodesFree': inodesOf('containerfs'),
  'pid.available': {
    resource: 'pids',
    pressure: 'pid',
    observe: ({ pidsAvailable, pidsTotal }) => ({ available: pidsAvailable, total: pidsTotal }),
  },
};

/** undefined: there is no such signal. */
export function signalFacts(signal: string): SignalFacts | undefined {
  return Object.hasOwn(signals, signal) ? signals[signal] : undefined;
}

const boundless: FilesystemLeft = {
  available: Number.MAX_SAFE_INTEGER,
  total: Number.MAX_SAFE_INTEGER,
  inodesFree: Number.MAX_SAFE_INTEGER,
  inodes: Number.MAX_SAFE_INTEGER,
};

/** A node that is never short of anything. */
export const plenty: NodeResources = {
  memoryAvailable: Number.MAX_SAFE_INTEGER,
  memoryTotal: Number.MAX_SAFE_INTEGER,
  pidsAvailable: Number.MAX_SAFE_INTEGER,
  pidsTotal: Number.MAX_SAFE_INTEGER,
  layout: 'shared',
  nodefs: boundless,
  imagefs: boundless,
  containerfs: boundless,
};
