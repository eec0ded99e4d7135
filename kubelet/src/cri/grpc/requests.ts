import type { ContainerConfig, LinuxResources, Mount, NamespaceOptions, SandboxConfig, SecurityOptions } from '../types.ts';
import * as cri from './codec/cri.ts';

const propagations = {
  private: cri.MountPropagation.PROPAGATION_PRIVATE,
  hostToContainer: cri.MountPropagation.PROPAGATION_HOST_TO_CONTAINER,
  bidirectional: cri.MountPropagation.PROPAGATION_BIDIRECTIONAL,
} as const;

const modes = { pod: cri.NamespaceMode.POD, container: cri.NamespaceMode.CONTAINER, node: cri.NamespaceMode.NODE } as const;

const protocols: Readonly<Record<string, cri.Protocol>> = cri.Protocol;

/** The sandbox as CRI writes it. */
export function sandboxConfig(config: SandboxConfig): cri.PodSandboxConfig {
  const { name, uid, namespace, attempt, dns, hostname, logDirectory } = config;
  return {
    metadata: { name, uid, namespace, attempt },
    hostname,
    logDirectory,
    dnsConfig: dns && { servers: [...dns.servers], searches: [...dns.searches], options: [...dns.options] },
    portMappings: config.portMappings.map(({ protocol, containerPort, hostPort, hostIP }) => ({
      protocol: protocols[protocol] ?? cri.Protocol.TCP,
      containerPort,
      hostPort,
      hostIp: hostIP,
    })),
    labels: config.labels,
    annotations: config.annotations,
    linux: {
      cgroupParent: config.cgroupParent,
      securityContext: {
        namespaceOptions: namespaceOption(config.namespaces),
        runAsUser: int64(config.security.runAsUser),
        runAsGroup: int64(config.security.runAsGroup),
        readonlyRootfs: config.security.readOnlyRootFilesystem,
        supplementalGroups: config.security.supplementalGroups.map(BigInt),
        privileged: config.security.privileged,
        seccomp: securityProfile(config.security.seccomp),
      },
      sysctls: config.sysctls,
    },
  };
}

/** The container as CRI writes it. */
export function containerConfig(config: ContainerConfig): cri.ContainerConfig {
  const { name, attempt, image, workingDir, logPath, stdin, stdinOnce, tty, labels, annotations, resources } = config;
  return {
    metadata: { name, attempt },
    image: { image },
    command: [...config.command],
    args: [...config.args],
    workingDir,
    envs: config.env.map((variable) => ({ key: variable.name, value: variable.value })),
    mounts: config.mounts.map(mountOf),
    devices: config.devices.map((device) => ({ ...device })),
    cdiDevices: (config.cdiDevices ?? []).map((name) => ({ name })),
    labels,
    annotations,
    logPath,
    stdin,
    stdinOnce,
    tty,
    linux: {
      resources: linuxResources(resources),
      securityContext: securityContext(config.security, config.namespaces),
    },
  };
}

function mountOf({ image, imageSubPath = '', propagation, ...mount }: Mount): cri.Mount {
  return { ...mount, propagation: propagations[propagation], image: image === undefined ? undefined : { image }, imageSubPath };
}

/** What a container may use as CRI writes it. */
export function linuxResources(resources: LinuxResources): cri.LinuxContainerResources {
  return {
    cpuPeriod: BigInt(resources.cpuPeriod),
    cpuQuota: BigInt(resources.cpuQuota),
    cpuShares: BigInt(resources.cpuShares),
    memoryLimitInBytes: BigInt(resources.memoryLimit),
    oomScoreAdj: BigInt(resources.oomScoreAdj),
  };
}

function securityContext(security: SecurityOptions, namespaces: NamespaceOptions): cri.LinuxContainerSecurityContext {
  return {
    capabilities: { addCapabilities: [...security.addCapabilities], dropCapabilities: [...security.dropCapabilities] },
    privileged: security.privileged,
    namespaceOptions: namespaceOption(namespaces),
    runAsUser: int64(security.runAsUser),
    runAsUsername: security.runAsUserName ?? '',
    runAsGroup: int64(security.runAsGroup),
    readonlyRootfs: security.readOnlyRootFilesystem,
    supplementalGroups: security.supplementalGroups.map(BigInt),
    noNewPrivs: security.noNewPrivileges,
    maskedPaths: [...security.maskedPaths],
    readonlyPaths: [...security.readonlyPaths],
    seccomp: securityProfile(security.seccomp),
  };
}

function namespaceOption(namespaces: NamespaceOptions): cri.NamespaceOption {
  return { network: modes[namespaces.network], pid: modes[namespaces.pid], ipc: modes[namespaces.ipc] };
}

function securityProfile(seccomp: string): cri.SecurityProfile {
  if (seccomp === 'RuntimeDefault' || seccomp === 'Unconfined') {
    return { profileType: cri.SecurityProfile_ProfileType[seccomp], localhostRef: '' };
  }
  return { profileType: cri.SecurityProfile_ProfileType.Localhost, localhostRef: seccomp };
}

function int64(value: number | undefined): cri.Int64Value | undefined {
  return value === undefined ? undefined : { value: BigInt(value) };
}
