import type { ContainerConfig, NamespaceOptions, SandboxConfig, SecurityOptions } from '../types.ts';

const security: SecurityOptions = {
  privileged: false,
  supplementalGroups: [],
  readOnlyRootFilesystem: false,
  noNewPrivileges: false,
  addCapabilities: [],
  dropCapabilities: [],
  seccomp: 'Unconfined',
  maskedPaths: [],
  readonlyPaths: [],
};

const namespaces: NamespaceOptions = { network: 'pod', pid: 'container', ipc: 'pod' };

/** A plain sandbox; `name` is also its uid. */
export function sandboxSample(name: string, overrides: Partial<SandboxConfig> = {}): SandboxConfig {
  return {
    name,
    namespace: 'default',
    uid: `uid-${name}`,
    attempt: 0,
    hostname: name,
    logDirectory: `/tmp/${name}`,
    dns: { servers: ['10.96.0.10'], searches: ['default.svc.cluster.local'], options: ['ndots:5'] },
    portMappings: [],
    labels: { 'io.kubernetes.pod.name': name },
    annotations: { 'kubernetes.io/config.source': 'api' },
    cgroupParent: '',
    namespaces,
    sysctls: {},
    security,
    runtimeHandler: '',
    ...overrides,
  };
}

/** A plain container. */
export function containerSample(
  name: string,
  image: string,
  command: readonly string[],
  overrides: Partial<ContainerConfig> = {},
): ContainerConfig {
  return {
    name,
    attempt: 0,
    image,
    command,
    args: [],
    workingDir: '',
    env: [{ name: 'GREETING', value: 'hello' }],
    mounts: [],
    devices: [],
    labels: { 'io.kubernetes.container.name': name },
    annotations: { 'io.kubernetes.container.restartCount': '0' },
    logPath: `${name}.log`,
    stdin: false,
    stdinOnce: false,
    tty: false,
    resources: { cpuPeriod: 100_000, cpuQuota: 0, cpuShares: 2, memoryLimit: 0, oomScoreAdj: 1000 },
    namespaces,
    security,
    ...overrides,
  };
}
