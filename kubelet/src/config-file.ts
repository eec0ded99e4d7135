import type { ConfigKind, InertFlags } from '@keelson/component';
import { inertFields } from './config-fields.ts';

export const inert: InertFlags = {
  switches: [
    ...['authentication-token-webhook', 'cgroups-per-qos', 'cpu-cfs-quota', 'enable-controller-attach-detach', 'enable-debugging-handlers'],
    ...['enable-server', 'exit-on-lock-contention', 'fail-swap-on', 'keep-terminated-pod-volumes', 'kernel-memcg-notification'],
    ...['local-storage-capacity-isolation', 'make-iptables-util-chains', 'protect-kernel-defaults'],
    ...['runonce', 'seccomp-default', 'serialize-image-pulls', 'experimental-allocatable-ignore-eviction'],
    ...['enable-load-reader', 'log-cadvisor-usage', 'storage-driver-secure'],
  ],
  values: [
    ...['authentication-token-webhook-cache-ttl', 'authorization-mode', 'authorization-webhook-cache-authorized-ttl'],
    ...['authorization-webhook-cache-unauthorized-ttl', 'cloud-config', 'cpu-cfs-quota-period'],
    ...['cpu-manager-policy', 'cpu-manager-policy-options', 'cpu-manager-reconcile-period', 'event-burst', 'event-qps'],
    ...['experimental-mounter-path', 'file-check-frequency', 'hairpin-mode'],
    ...['iptables-drop-bit', 'iptables-masquerade-bit'],
    ...['http-check-frequency', 'image-credential-provider-bin-dir', 'image-credential-provider-config', 'image-gc-high-threshold'],
    ...['image-gc-low-threshold', 'image-service-endpoint', 'kube-reserved-cgroup', 'kubelet-cgroups', 'lock-file'],
    ...['manifest-url', 'manifest-url-header', 'max-open-files', 'maximum-dead-containers', 'maximum-dead-containers-per-container'],
    ...['memory-manager-policy', 'minimum-container-ttl-duration', 'minimum-image-ttl-duration', 'node-status-max-images'],
    ...['node-status-update-frequency', 'oom-score-adj', 'pod-infra-container-image', 'pod-max-pids', 'pods-per-core'],
    ...['qos-reserved', 'read-only-port', 'registry-burst', 'registry-qps', 'reserved-cpus', 'reserved-memory', 'runtime-cgroups'],
    ...['streaming-connection-idle-timeout', 'sync-frequency', 'system-cgroups', 'system-reserved-cgroup'],
    ...['topology-manager-policy', 'topology-manager-policy-options', 'topology-manager-scope', 'volume-plugin-dir'],
    ...['volume-stats-agg-period'],
    ...['application-metrics-count-limit', 'boot-id-file', 'container-hints', 'containerd', 'containerd-namespace'],
    ...['event-storage-age-limit', 'event-storage-event-limit', 'global-housekeeping-interval', 'housekeeping-interval', 'machine-id-file'],
    ...['storage-driver-buffer-duration', 'storage-driver-db', 'storage-driver-host', 'storage-driver-password', 'storage-driver-table'],
    'storage-driver-user',
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
const pairs = (value: unknown): string[] =>
  Object.entries(value as Readonly<Record<string, unknown>>).map(([name, quantity]) => `${name}=${String(quantity)}`);
const amounts = (value: unknown): string => pairs(value).join(',');
const taints = (value: unknown): string[] =>
  (value as readonly Taint[]).map((taint) => `${taint.key}=${taint.value ?? ''}:${taint.effect}`);

export const configKind: ConfigKind = {
  kind: 'KubeletConfiguration',
  group: 'kubelet.config.k8s.io',
  version: 'v1beta1',
  inert: inertFields,
  // Fields of a later version must not keep an earlier kubelet from starting: upstream reads v1beta1 leniently, too.
  lenient: true,
  dropIns: 'config-dir',
  fields: {
    address: 'address',
    allowedUnsafeSysctls: 'allowed-unsafe-sysctls',
    port: 'port',
    'authentication.anonymous.enabled': 'anonymous-auth',
    'authentication.x509.clientCAFile': 'client-ca-file',
    cgroupDriver: 'cgroup-driver',
    cgroupRoot: 'cgroup-root',
    clusterDNS: 'cluster-dns',
    clusterDomain: 'cluster-domain',
    containerLogMaxFiles: 'container-log-max-files',
    containerLogMaxSize: 'container-log-max-size',
    containerRuntimeEndpoint: 'container-runtime-endpoint',
    enforceNodeAllocatable: 'enforce-node-allocatable',
    evictionHard: { flag: 'eviction-hard', text: thresholds },
    evictionMaxPodGracePeriod: 'eviction-max-pod-grace-period',
    evictionMinimumReclaim: { flag: 'eviction-minimum-reclaim', text: amounts },
    evictionPressureTransitionPeriod: 'eviction-pressure-transition-period',
    evictionSoft: { flag: 'eviction-soft', text: thresholds },
    evictionSoftGracePeriod: { flag: 'eviction-soft-grace-period', text: amounts },
    healthzBindAddress: 'healthz-bind-address',
    healthzPort: 'healthz-port',
    kubeReserved: { flag: 'kube-reserved', text: pairs },
    'logging.verbosity': 'v',
    maxPods: 'max-pods',
    podCIDR: 'pod-cidr',
    podLogsDir: 'pod-logs-dir',
    providerID: 'provider-id',
    registerNode: 'register-node',
    registerWithTaints: { flag: 'register-with-taints', text: taints },
    resolvConf: { flag: 'resolv-conf', text: String },
    rotateCertificates: 'rotate-certificates',
    runtimeRequestTimeout: 'runtime-request-timeout',
    serverTLSBootstrap: 'rotate-server-certificates',
    staticPodPath: 'pod-manifest-path',
    systemReserved: { flag: 'system-reserved', text: pairs },
    tlsCertFile: 'tls-cert-file',
    tlsPrivateKeyFile: 'tls-private-key-file',
  },
};
