import type { InertFlags } from '@keelson/component';

/** Flags of upstream's kube-controller-manager without effect here. */
export const inert: InertFlags = {
  switches: [
    ...['authentication-skip-lookup', 'authentication-tolerate-lookup-failure', 'configure-cloud-routes', 'enable-dynamic-provisioning'],
    ...['enable-garbage-collector', 'enable-hostpath-provisioner', 'enable-leader-migration', 'volume-host-allow-local-loopback'],
  ],
  values: [
    ...['attach-detach-reconcile-sync-period', 'authorization-always-allow-paths', 'authentication-token-webhook-cache-ttl'],
    ...['authorization-webhook-cache-authorized-ttl', 'authorization-webhook-cache-unauthorized-ttl', 'cert-dir', 'cidr-allocator-type'],
    ...['cloud-config', 'cloud-provider', 'concurrent-resource-quota-syncs'],
    ...['concurrent-service-syncs', 'concurrent-serviceaccount-token-syncs', 'concurrent-validating-admission-policy-status-syncs'],
    ...['controller-start-interval', 'endpoint-updates-batch-period', 'endpointslice-updates-batch-period', 'external-cloud-volume-plugin'],
    ...['flex-volume-plugin-dir', 'large-cluster-size-threshold', 'leader-elect-resource-lock', 'leader-migration-config'],
    ...['legacy-service-account-token-clean-up-period', 'min-resync-period', 'mirroring-concurrent-service-endpoint-syncs'],
    ...['mirroring-endpointslice-updates-batch-period', 'mirroring-max-endpoints-per-subset', 'namespace-sync-period'],
    ...['pv-recycler-increment-timeout-nfs', 'pv-recycler-minimum-timeout-hostpath', 'pv-recycler-minimum-timeout-nfs'],
    ...['pv-recycler-pod-template-filepath-hostpath', 'pv-recycler-pod-template-filepath-nfs', 'pv-recycler-timeout-increment-hostpath'],
    ...['pvclaimbinder-sync-period', 'requestheader-allowed-names', 'requestheader-client-ca-file', 'requestheader-extra-headers-prefix'],
    ...['requestheader-group-headers', 'requestheader-uid-headers', 'requestheader-username-headers', 'resource-quota-sync-period'],
    ...['route-reconciliation-period', 'secondary-node-eviction-rate', 'unhealthy-zone-threshold', 'volume-host-cidr-denylist'],
  ],
};
