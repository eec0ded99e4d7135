import type { Container, Pod, SeccompProfile } from '@keelson/types';
import type { Image, NamespaceOptions, SecurityOptions } from '../cri/types.ts';
import { podSpec } from '../pod/containers.ts';
import { podLabel } from '../pod/naming.ts';
import { ConfigError } from './errors.ts';

/** Kernel files that no unprivileged container sees, and those it sees read-only, by the default `procMount`. */
const masked = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const readonly = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** The container's security settings over the pod's. `image` gives the user when nobody names one. @throws ConfigError by `runAsNonRoot`. */
export function containerSecurity(
  pod: Pod,
  container: Container,
  image: Pick<Image, 'uid' | 'username'> | undefined,
  seccompRoot: string,
): SecurityOptions {
  const own = container.securityContext;
  const shared = podSpec(pod).securityContext;
  const privileged = own?.privileged === true;
  const runAsUser = number(own?.runAsUser ?? shared?.runAsUser) ?? image?.uid;
  const runAsGroup = number(own?.runAsGroup ?? shared?.runAsGroup);
  if (own?.runAsNonRoot ?? shared?.runAsNonRoot) checkNonRoot(pod, container, number(own?.runAsUser ?? shared?.runAsUser), image);
  const bare = privileged || own?.procMount === 'Unmasked';
  return {
    privileged,
    runAsUser: runAsUser ?? (image?.username ? undefined : 0),
    runAsUserName: runAsUser === undefined && image?.username ? image.username : undefined,
    runAsGroup,
    supplementalGroups: podGroups(pod),
    readOnlyRootFilesystem: own?.readOnlyRootFilesystem === true,
    noNewPrivileges: own?.allowPrivilegeEscalation === false,
    addCapabilities: own?.capabilities?.add ?? [],
    dropCapabilities: own?.capabilities?.drop ?? [],
    seccomp: privileged ? 'Unconfined' : seccomp(own?.seccompProfile ?? shared?.seccompProfile, seccompRoot),
    maskedPaths: bare ? [] : masked,
    readonlyPaths: bare ? [] : readonly,
  };
}

/** The sandbox's own settings: those of the pod, and privileged when any of its containers is. */
export function sandboxSecurity(pod: Pod, seccompRoot: string): SecurityOptions {
  const spec = podSpec(pod);
  const privileged = [...(spec.initContainers ?? []), ...(spec.containers ?? [])].some((c) => c.securityContext?.privileged === true);
  return {
    privileged,
    runAsUser: number(spec.securityContext?.runAsUser),
    runAsGroup: number(spec.securityContext?.runAsGroup),
    supplementalGroups: podGroups(pod),
    readOnlyRootFilesystem: false,
    noNewPrivileges: false,
    addCapabilities: [],
    dropCapabilities: [],
    seccomp: seccomp(spec.securityContext?.seccompProfile ?? ({ type: 'RuntimeDefault' } as SeccompProfile), seccompRoot),
    maskedPaths: [],
    readonlyPaths: [],
  };
}

/** Which namespaces a pod's processes share with the node or with each other. */
export function namespaceOptions(pod: Pod): NamespaceOptions {
  const spec = podSpec(pod);
  return {
    network: spec.hostNetwork ? 'node' : 'pod',
    pid: spec.hostPID ? 'node' : spec.shareProcessNamespace ? 'pod' : 'container',
    ipc: spec.hostIPC ? 'node' : 'pod',
  };
}

function podGroups(pod: Pod): readonly number[] {
  const context = podSpec(pod).securityContext;
  const groups = (context?.supplementalGroups ?? []).map(Number);
  const fsGroup = number(context?.fsGroup);
  return fsGroup === undefined ? groups : [...groups, fsGroup];
}

function seccomp(profile: SeccompProfile | undefined, root: string): string {
  if (profile?.type === 'Localhost') return `${root}/${profile.localhostProfile ?? ''}`;
  return profile?.type === 'RuntimeDefault' ? 'RuntimeDefault' : 'Unconfined';
}

function checkNonRoot(pod: Pod, container: Container, uid: number | undefined, image: Pick<Image, 'uid' | 'username'> | undefined): void {
  const where = `(pod: "${podLabel(pod)}", container: ${container.name})`;
  if (uid !== undefined) {
    if (uid === 0) throw new ConfigError(`container's runAsUser breaks non-root policy ${where}`);
    return;
  }
  if (image?.uid === undefined && image?.username) {
    throw new ConfigError(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`,
    );
  }
  if (!image?.uid) throw new ConfigError(`container has runAsNonRoot and image will run as root ${where}`);
}

function number(value: number | bigint | string | undefined | null): number | undefined {
  return value === undefined || value === null ? undefined : Number(value);
}
