import type { InertFlags } from '@keelson/component';

/** Flags of upstream's kube-apiserver without effect here. */
export const inert: InertFlags = {
  switches: [
    ...[
      'allow-privileged',
      'aggregator-reject-forwarding-redirects',
      'contention-profiling',
      'coordinated-leadership',
      'enable-garbage-collector',
    ],
    ...[
      'encryption-provider-config-automatic-reload',
      'emulation-forward-compatible',
      'enable-logs-handler',
      'runtime-config-emulation-forward-compatible',
    ],
    ...['service-account-lookup', 'shutdown-send-retry-after', 'watch-cache'],
  ],
  values: [
    ...['apiserver-count', 'coordinated-leadership-lease-duration', 'coordinated-leadership-renew-deadline'],
    ...['coordinated-leadership-retry-period', 'cors-allowed-origins', 'debug-socket-path', 'default-watch-cache-size'],
    ...['delete-collection-workers', 'egress-selector-config-file', 'endpoint-reconciler-type', 'etcd-count-metric-poll-period'],
    ...[
      'etcd-db-metric-poll-interval',
      'etcd-healthcheck-timeout',
      'etcd-readycheck-timeout',
      'etcd-servers-overrides',
      'external-hostname',
    ],
    ...['goaway-chance', 'kubelet-port', 'kubelet-preferred-address-types', 'kubelet-read-only-port', 'kubelet-timeout'],
    ...['kubernetes-service-node-port', 'lease-reuse-duration-seconds', 'livez-grace-period', 'max-connection-bytes-per-sec'],
    ...['min-request-timeout', 'peer-advertise-ip', 'peer-advertise-port', 'peer-ca-file', 'proxy-protocol', 'request-timeout'],
    ...['runtime-config', 'shutdown-delay-duration', 'shutdown-watch-termination-grace-period', 'storage-initialization-timeout'],
    ...['storage-media-type', 'strict-transport-security-directives', 'tracing-config-file', 'watch-cache-sizes'],
  ],
};
