import type {
  Container,
  ContainerPhase,
  ContainerState,
  ContainerStats,
  DiskUse,
  Image,
  ImageFilesystem,
  MemoryDetail,
  PodIdentity,
  RuntimeInfo,
  Sandbox,
  SandboxStatus,
} from '../types.ts';
import * as cri from './codec/cri.ts';

const phases: Readonly<Record<cri.ContainerState, ContainerPhase>> = {
  [cri.ContainerState.CONTAINER_CREATED]: 'created',
  [cri.ContainerState.CONTAINER_RUNNING]: 'running',
  [cri.ContainerState.CONTAINER_EXITED]: 'exited',
  [cri.ContainerState.CONTAINER_UNKNOWN]: 'unknown',
};

export function sandbox(message: cri.PodSandbox | cri.PodSandboxStatus): Sandbox {
  const { id, labels, annotations } = message;
  const ready = message.state === cri.PodSandboxState.SANDBOX_READY;
  return { id, ...identity(message.metadata), ready, createdAt: milliseconds(message.createdAt), labels, annotations };
}

export function sandboxStatus(message: cri.PodSandboxStatus): SandboxStatus {
  const { ip = '', additionalIps = [] } = message.network ?? {};
  return { ...sandbox(message), ips: [ip, ...additionalIps.map((each) => each.ip)].filter((each) => each !== '') };
}

export function container(message: cri.Container): Container {
  return { ...common(message), sandboxId: message.podSandboxId };
}

/** A status names no sandbox: the caller knows it from the list, or gives ''. */
export function containerState(message: cri.ContainerStatus, sandboxId: string): ContainerState {
  return {
    ...common(message),
    sandboxId,
    startedAt: milliseconds(message.startedAt),
    finishedAt: milliseconds(message.finishedAt),
    exitCode: message.exitCode,
    reason: message.reason,
    message: message.message,
    logPath: message.logPath,
  };
}

export function containerStats(message: cri.ContainerStats, sandboxes: ReadonlyMap<string, string>): ContainerStats[] {
  if (!message.attributes || !message.cpu) return [];
  const { id, metadata } = message.attributes;
  return [
    {
      id,
      sandboxId: sandboxes.get(id) ?? '',
      name: metadata?.name ?? '',
      at: milliseconds(message.cpu.timestamp),
      cpuNanoSecondsTotal: message.cpu.usageCoreNanoSeconds?.value ?? 0n,
      memoryWorkingSetBytes: Number(message.memory?.workingSetBytes?.value ?? 0n),
      memory: message.memory && memoryDetail(message.memory),
      rootfs: message.writableLayer && diskUse(message.writableLayer),
    },
  ];
}

function memoryDetail({ availableBytes, usageBytes, rssBytes, pageFaults, majorPageFaults }: cri.MemoryUsage): MemoryDetail | undefined {
  const number = (message: cri.UInt64Value | undefined): number => Number(message?.value ?? 0n);
  if (!usageBytes) return undefined;
  return {
    availableBytes: number(availableBytes),
    usageBytes: number(usageBytes),
    rssBytes: number(rssBytes),
    pageFaults: number(pageFaults),
    majorPageFaults: number(majorPageFaults),
  };
}

export function diskUse({ usedBytes, inodesUsed }: cri.FilesystemUsage): DiskUse {
  return { bytes: Number(usedBytes?.value ?? 0n), inodes: Number(inodesUsed?.value ?? 0n) };
}

export function image({ id, repoTags, repoDigests, size, uid, username, pinned }: cri.Image): Image {
  return { id, tags: repoTags, digests: repoDigests, sizeBytes: Number(size), uid: uid && Number(uid.value), username, pinned };
}

export function imageFilesystem({ imageFilesystems, containerFilesystems }: cri.ImageFsInfoResponse): ImageFilesystem {
  const [images] = imageFilesystems;
  const [containers] = containerFilesystems;
  const nothing = { mountpoint: '', usedBytes: 0, inodesUsed: 0 };
  return { ...(images ? filesystem(images) : nothing), containers: containers && filesystem(containers) };
}

function filesystem(usage: cri.FilesystemUsage): { mountpoint: string; usedBytes: number; inodesUsed: number } {
  const { bytes, inodes } = diskUse(usage);
  return { mountpoint: usage.fsId?.mountpoint ?? '', usedBytes: bytes, inodesUsed: inodes };
}

/** Ready is what containerd's two conditions say; the message is that of the first which is not met. */
export function runtimeInfo(version: cri.VersionResponse, conditions: readonly cri.RuntimeCondition[]): RuntimeInfo {
  const met = (type: string): boolean => conditions.some((each) => each.type === type && each.status);
  const unmet = conditions.find((each) => !each.status && (each.type === 'RuntimeReady' || each.type === 'NetworkReady'));
  return {
    name: version.runtimeName,
    version: version.runtimeVersion,
    ready: met('RuntimeReady'),
    networkReady: met('NetworkReady'),
    message: unmet ? `container runtime${unmet.type === 'NetworkReady' ? ' network' : ''} not ready: ${condition(unmet)}` : '',
  };
}

function condition({ type, status, reason, message }: cri.RuntimeCondition): string {
  return `${type}=${status} reason:${reason} message:${message}`;
}

/** Nanoseconds since the epoch to milliseconds; unset, which some runtimes write as a year before 1970, is 0. */
function milliseconds(nanoseconds: bigint): number {
  return nanoseconds > 0n ? Number(nanoseconds / 1_000_000n) : 0;
}

function identity(metadata: cri.PodSandboxMetadata | undefined): PodIdentity & { attempt: number } {
  const { name = '', namespace = '', uid = '', attempt = 0 } = metadata ?? {};
  return { name, namespace, uid, attempt };
}

function common(message: cri.Container | cri.ContainerStatus): Omit<Container, 'sandboxId'> {
  const { id, imageRef, labels, annotations, state } = message;
  const { name = '', attempt = 0 } = message.metadata ?? {};
  const created = milliseconds(message.createdAt);
  return { id, name, attempt, image: message.image?.image ?? '', imageRef, phase: phases[state], createdAt: created, labels, annotations };
}
