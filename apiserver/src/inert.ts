import type { InertFlags } from '@keelson/component';

/** Flags of upstream's kube-apiserver without effect here. */
export const inert: InertFlags = {
  switches: [
    ...[
      'allow-privileged',
      'aggregator-reject-forwarding-redirect',
      'audit-log-batch-throttle-enable',
      'audit-webhook-batch-throttle-enable',
      'contention-profiling',
      'coordinated-leadership',
      'enable-garbage-collector',
    ],
    ...['emulation-forward-compatible', 'enable-logs-handler', 'runtime-config-emulation-forward-compatible'],
    ...['service-account-lookup', 'watch-cache'],
  ],
  values: [
    ...['audit-log-batch-max-size', 'audit-log-batch-max-wait', 'audit-log-batch-throttle-burst', 'audit-log-batch-throttle-qps'],
    ...['admission-control', 'audit-webhook-batch-throttle-burst', 'audit-webhook-batch-throttle-qps', 'authorization-policy-file'],
    ...['service-account-signing-endpoint'],
    ...['apiserver-count', 'coordinated-leadership-lease-duration', 'coordinated-leadership-renew-deadline'],
    ...['coordinated-leadership-retry-period', 'debug-socket-path', 'default-watch-cache-size'],
    ...['egress-selector-config-file', 'endpoint-reconciler-type', 'etcd-count-metric-poll-period'],
    ...['etcd-db-metric-poll-interval', 'etcd-healthcheck-timeout', 'etcd-readycheck-timeout', 'etcd-servers-overrides'],
    ...['kubelet-port', 'kubelet-preferred-address-types', 'kubelet-read-only-port', 'kubelet-timeout'],
    ...['kubernetes-service-node-port', 'lease-reuse-duration-seconds', 'livez-grace-period', 'max-connection-bytes-per-sec'],
    ...['peer-advertise-ip', 'peer-advertise-port', 'peer-ca-file', 'proxy-protocol'],
    ...['runtime-config', 'shutdown-watch-termination-grace-period', 'storage-initialization-timeout'],
    ...['storage-media-type', 'tracing-config-file', 'watch-cache-sizes'],
  ],
};
