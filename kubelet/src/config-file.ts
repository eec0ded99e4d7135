import type { ConfigKind, InertFlags } from '@keelson/component';

export const inert: InertFlags = {
  switches: [
    ...['authentication-token-webhook', 'cgroups-per-qos', 'cpu-cfs-quota', 'enable-controller-attach-detach', 'enable-debugging-handlers'],
    ...['enable-server', 'exit-on-lock-contention', 'fail-swap-on', 'keep-terminated-pod-volumes', 'kernel-memcg-notification'],
    ...[
      'local-storage-capacity-isolation',
      'make-iptables-util-chains',
      'protect-kernel-defaults',
      'register-node',
      'register-schedulable',
    ],
    ...['runonce', 'seccomp-default', 'serialize-image-pulls'],
  ],
  values: [
    ...['authentication-token-webhook-cache-ttl', 'authorization-mode', 'authorization-webhook-cache-authorized-ttl'],
    ...[
      'authorization-webhook-cache-unauthorized-ttl',
      'cgroup-driver',
      'cloud-config',
      'cloud-provider',
      'config-dir',
      'cpu-cfs-quota-period',
    ],
    ...[
      'cpu-manager-policy',
      'cpu-manager-policy-options',
      'cpu-manager-reconcile-period',
      'enforce-node-allocatable',
      'event-burst',
      'event-qps',
    ],
    ...['eviction-max-pod-grace-period', 'eviction-minimum-reclaim', 'eviction-pressure-transition-period', 'eviction-soft'],
    ...['eviction-soft-grace-period', 'experimental-allocatable-ignore-eviction', 'file-check-frequency', 'hairpin-mode'],
    ...['http-check-frequency', 'image-credential-provider-bin-dir', 'image-credential-provider-config', 'image-gc-high-threshold'],
    ...['image-gc-low-threshold', 'image-service-endpoint', 'kube-reserved', 'kube-reserved-cgroup', 'kubelet-cgroups', 'lock-file'],
    ...['manifest-url', 'manifest-url-header', 'max-open-files', 'maximum-dead-containers', 'maximum-dead-containers-per-container'],
    ...['memory-manager-policy', 'minimum-container-ttl-duration', 'minimum-image-ttl-duration', 'node-status-max-images'],
    ...['node-status-update-frequency', 'oom-score-adj', 'pod-infra-container-image', 'pod-max-pids', 'pods-per-core', 'provider-id'],
    ...['qos-reserved', 'read-only-port', 'registry-burst', 'registry-qps', 'reserved-cpus', 'reserved-memory', 'runtime-cgroups'],
    ...['streaming-connection-idle-timeout', 'sync-frequency', 'system-cgroups', 'system-reserved', 'system-reserved-cgroup'],
    ...['topology-manager-policy', 'topology-manager-policy-options', 'topology-manager-scope', 'volume-plugin-dir'],
    ...['volume-stats-agg-period'],
  ],
};

interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

const thresholds = (value: unknown): string =>
  Object.entries(value as Readonly<Record<string, string>>)
    .map(([signal, left]) => `${signal}<${left}`)
    .join(',');
const taints = (value: unknown): string[] =>
  (value as readonly Taint[]).map((taint) => `${taint.key}=${taint.value ?? ''}:${taint.effect}`);

export const configKind: ConfigKind = {
  kind: 'KubeletConfiguration',
  group: 'kubelet.config.k8s.io',
  fields: {
    address: 'address',
    allowedUnsafeSysctls: 'allowed-unsafe-sysctls',
    port: 'port',
    'authentication.anonymous.enabled': 'anonymous-auth',
    'authentication.x509.clientCAFile': 'client-ca-file',
    cgroupRoot: 'cgroup-root',
    clusterDNS: 'cluster-dns',
    clusterDomain: 'cluster-domain',
    containerLogMaxFiles: 'container-log-max-files',
    containerLogMaxSize: 'container-log-max-size',
    containerRuntimeEndpoint: 'container-runtime-endpoint',
    evictionHard: { flag: 'eviction-hard', text: thresholds },
    healthzBindAddress: 'healthz-bind-address',
    healthzPort: 'healthz-port',
    maxPods: 'max-pods',
    podCIDR: 'pod-cidr',
    podLogsDir: 'pod-logs-dir',
    registerWithTaints: { flag: 'register-with-taints', text: taints },
    resolvConf: 'resolv-conf',
    rotateCertificates: 'rotate-certificates',
    runtimeRequestTimeout: 'runtime-request-timeout',
    serverTLSBootstrap: 'rotate-server-certificates',
    staticPodPath: 'pod-manifest-path',
    tlsCertFile: 'tls-cert-file',
    tlsPrivateKeyFile: 'tls-private-key-file',
  },
};
