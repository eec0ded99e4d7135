/**
 * What the kubelet asks of a container runtime: CRI v1 in our own plain types. Two implementations: `grpc/` speaks to containerd,
 * `model/` is a deterministic in-memory runtime on a passed-in clock. Times are milliseconds since the epoch, 0 when unset.
 * Every method rejects with `RuntimeError`; stopping or removing what is already gone succeeds.
 */
export interface Runtime {
  readonly sandboxes: Sandboxes;
  readonly containers: Containers;
  readonly images: Images;
  readonly streams: Streams;
  info(): Promise<RuntimeInfo>;
  /** Gives a running container other limits, without restarting it. @throws RuntimeError when the kernel refuses them. */
  updateResources(containerId: string, resources: LinuxResources): Promise<void>;
  /** Calls `onChange` with a sandbox id whenever the runtime reports an event, where it offers events; else never. Relisting is always right. */
  events(signal: AbortSignal, onChange: (sandboxId: string) => void): void;
  close(): void;
}

export interface RuntimeInfo {
  readonly name: string;
  readonly version: string;
  readonly ready: boolean;
  readonly networkReady: boolean;
  /** Why not, when one of the two is false. */
  readonly message: string;
}

export interface Sandboxes {
  run(config: SandboxConfig): Promise<string>;
  stop(id: string): Promise<void>;
  remove(id: string): Promise<void>;
  list(): Promise<readonly Sandbox[]>;
  status(id: string): Promise<SandboxStatus | undefined>;
}

export interface PodIdentity {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
}

export interface SandboxConfig extends PodIdentity {
  /** How often the pod's sandbox was made anew; 0 for the first. */
  readonly attempt: number;
  /** Empty for hostNetwork pods. */
  readonly hostname: string;
  readonly logDirectory: string;
  readonly dns:
    | { readonly servers: readonly string[]; readonly searches: readonly string[]; readonly options: readonly string[] }
    | undefined;
  readonly portMappings: readonly {
    readonly protocol: string;
    readonly containerPort: number;
    readonly hostPort: number;
    readonly hostIP: string;
  }[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly cgroupParent: string;
  readonly namespaces: NamespaceOptions;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly security: SecurityOptions;
  readonly runtimeHandler: string;
}

export interface NamespaceOptions {
  readonly network: 'pod' | 'node';
  readonly pid: 'pod' | 'container' | 'node';
  readonly ipc: 'pod' | 'node';
}

export interface SecurityOptions {
  readonly privileged: boolean;
  readonly runAsUser?: number | undefined;
  readonly runAsUserName?: string | undefined;
  readonly runAsGroup?: number | undefined;
  readonly supplementalGroups: readonly number[];
  readonly readOnlyRootFilesystem: boolean;
  readonly noNewPrivileges: boolean;
  readonly addCapabilities: readonly string[];
  readonly dropCapabilities: readonly string[];
  /** `RuntimeDefault`, `Unconfined` or a profile's path. */
  readonly seccomp: string;
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
}

export interface Sandbox extends PodIdentity {
  readonly id: string;
  readonly attempt: number;
  readonly ready: boolean;
  readonly createdAt: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface SandboxStatus extends Sandbox {
  /** Empty for hostNetwork pods and sandboxes without a network. */
  readonly ips: readonly string[];
}

export interface Containers {
  /** Resolves to the container's id. The image must be present. */
  create(sandboxId: string, config: ContainerConfig, sandbox: SandboxConfig): Promise<string>;
  start(id: string): Promise<void>;
  /** SIGTERM (or the image's stop signal), then SIGKILL after `graceSeconds`. Resolves when it has ended. */
  stop(id: string, graceSeconds: number): Promise<void>;
  remove(id: string): Promise<void>;
  list(): Promise<readonly Container[]>;
  status(id: string): Promise<ContainerState | undefined>;
  stats(): Promise<readonly ContainerStats[]>;
  /** Tells the runtime that the log file was moved away. */
  reopenLog(id: string): Promise<void>;
}

export interface ContainerConfig {
  readonly name: string;
  /** Restart number of this container in its pod; 0 for the first. */
  readonly attempt: number;
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly workingDir: string;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly mounts: readonly Mount[];
  readonly devices: readonly { readonly containerPath: string; readonly hostPath: string; readonly permissions: string }[];
  /** Devices by their names in the Container Device Interface (`vendor.com/class=name`); the runtime knows what belongs to them. */
  readonly cdiDevices?: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Relative to the sandbox's log directory. */
  readonly logPath: string;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  readonly resources: LinuxResources;
  readonly namespaces: NamespaceOptions;
  readonly security: SecurityOptions;
}

export interface Mount {
  readonly containerPath: string;
  readonly hostPath: string;
  readonly readonly: boolean;
  readonly propagation: 'private' | 'hostToContainer' | 'bidirectional';
  /** An image whose files are shown instead of `hostPath`, and which part of it; runtimes that know no such mounts make none. */
  readonly image?: string;
  readonly imageSubPath?: string;
}

export interface LinuxResources {
  /** Microseconds; 0 leaves it to the runtime. */
  readonly cpuPeriod: number;
  /** Microseconds per period; 0: left as it is, -1: no limit. */
  readonly cpuQuota: number;
  readonly cpuShares: number;
  /** Bytes; 0: left as it is, which is none for a new container. */
  readonly memoryLimit: number;
  readonly oomScoreAdj: number;
}

export type ContainerPhase = 'created' | 'running' | 'exited' | 'unknown';

export interface Container {
  readonly id: string;
  readonly sandboxId: string;
  readonly name: string;
  readonly attempt: number;
  readonly image: string;
  readonly imageRef: string;
  readonly phase: ContainerPhase;
  readonly createdAt: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ContainerState extends Container {
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly exitCode: number;
  /** `Completed`, `Error`, `OOMKilled`, `StartError`, … as the runtime gives it. */
  readonly reason: string;
  readonly message: string;
  /** Absolute path of the log file on the node. */
  readonly logPath: string;
}

export interface ContainerStats {
  readonly id: string;
  readonly sandboxId: string;
  readonly name: string;
  readonly at: number;
  readonly cpuNanoSecondsTotal: bigint;
  readonly memoryWorkingSetBytes: number;
  /** Absent where the runtime does not say. */
  readonly memory?: MemoryDetail | undefined;
  /** What the container has written to its root file system; undefined: not measured yet. */
  readonly rootfs: DiskUse | undefined;
}

export interface MemoryDetail {
  /** Bytes until the limit; 0 where there is none. */
  readonly availableBytes: number;
  readonly usageBytes: number;
  readonly rssBytes: number;
  readonly pageFaults: number;
  readonly majorPageFaults: number;
}

/** Room taken on a disk. */
export interface DiskUse {
  readonly bytes: number;
  readonly inodes: number;
}

export interface Images {
  /** undefined when the node does not have it. */
  status(image: string): Promise<Image | undefined>;
  /** Resolves to the image reference to run. @throws RuntimeError `NotFound`, `Unavailable`, … with the registry's words. */
  pull(image: string, auth: RegistryAuth | undefined, sandbox: SandboxConfig): Promise<string>;
  list(): Promise<readonly Image[]>;
  remove(image: string): Promise<void>;
  /** What images take, and where they lie. */
  filesystem(): Promise<ImageFilesystem>;
}

export interface ImageFilesystem {
  readonly mountpoint: string;
  readonly usedBytes: number;
  readonly inodesUsed: number;
  /** Where containers write, as far as the runtime tells that apart. */
  readonly containers: { readonly mountpoint: string; readonly usedBytes: number; readonly inodesUsed: number } | undefined;
}

export interface RegistryAuth {
  readonly username: string;
  readonly password: string;
}

export interface Image {
  readonly id: string;
  readonly tags: readonly string[];
  readonly digests: readonly string[];
  readonly sizeBytes: number;
  /** The runtime itself needs it: never to be removed. */
  readonly pinned: boolean;
  /** From the image's config; undefined when it names none or names one by name. */
  readonly uid: number | undefined;
  readonly username: string;
}

export interface Streams {
  /** Runs to the end and returns what it printed. @throws RuntimeError `DeadlineExceeded` past `timeoutSeconds` (0: none). */
  execSync(containerId: string, command: readonly string[], timeoutSeconds: number): Promise<ExecResult>;
  exec(containerId: string, options: StreamOptions & { readonly command: readonly string[] }): Promise<Stream>;
  attach(containerId: string, options: StreamOptions): Promise<Stream>;
  /** One TCP connection to a port inside the sandbox. */
  portForward(sandboxId: string, port: number): Promise<Stream>;
}

export interface ExecResult {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly exitCode: number;
}

export interface StreamOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** A live stream. Channels: as in `v4.channel.k8s.io`. */
export interface Stream {
  /** What the process prints; ends when it ends. */
  readonly output: AsyncIterable<{ readonly channel: 'stdout' | 'stderr'; readonly data: Buffer }>;
  write(data: Buffer): void;
  /** Closes standard input. */
  end(): void;
  resize(width: number, height: number): void;
  /** How it ended; resolves after `output` has. `exitCode` is -1 when it was not by a command's own end, and `message` says why. */
  readonly done: Promise<{ readonly exitCode: number; readonly message: string }>;
  close(): void;
}

/** What the runtime could not do; `code` is the gRPC status name (`NotFound`, `Unavailable`, `DeadlineExceeded`, `Unknown`, …). */
export class RuntimeError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RuntimeError';
    this.code = code;
  }
}
