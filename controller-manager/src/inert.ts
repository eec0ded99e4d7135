import type { InertFlags } from '@keelson/component';

/** Flags of upstream's kube-controller-manager without effect here. */
export const inert: InertFlags = {
  switches: [
    ...[
      'authentication-skip-lookup',
      'authentication-tolerate-lookup-failure',
      'configure-cloud-routes',
      'allow-untagged-cloud',
      'disable-attach-detach-reconcile-sync',
      'disable-force-detach-on-timeout',
      'enable-dynamic-provisioning',
    ],
    ...['enable-hostpath-provisioner', 'enable-leader-migration', 'volume-host-allow-local-loopback'],
  ],
  values: [
    ...['attach-detach-reconcile-sync-period', 'authorization-always-allow-paths', 'authentication-token-webhook-cache-ttl'],
    ...['authorization-webhook-cache-authorized-ttl', 'authorization-webhook-cache-unauthorized-ttl', 'cert-dir', 'cidr-allocator-type'],
    ...['cloud-config', 'cloud-provider'],
    ...['concurrent-service-syncs'],
    ...[
      'controller-start-interval',
      'controller-shutdown-timeout',
      'endpoint-updates-batch-period',
      'endpointslice-updates-batch-period',
      'external-cloud-volume-plugin',
    ],
    ...['flex-volume-plugin-dir', 'leader-elect-resource-lock', 'leader-migration-config'],
    ...['min-resync-period'],
    ...['mirroring-endpointslice-updates-batch-period', 'mirroring-max-endpoints-per-subset', 'namespace-sync-period'],
    ...['pv-recycler-increment-timeout-nfs', 'pv-recycler-minimum-timeout-hostpath', 'pv-recycler-minimum-timeout-nfs'],
    ...['pv-recycler-pod-template-filepath-hostpath', 'pv-recycler-pod-template-filepath-nfs', 'pv-recycler-timeout-increment-hostpath'],
    ...['pvclaimbinder-sync-period', 'requestheader-allowed-names', 'requestheader-client-ca-file', 'requestheader-extra-headers-prefix'],
    ...['requestheader-group-headers', 'requestheader-uid-headers', 'requestheader-username-headers'],
    ...['route-reconciliation-period', 'volume-host-cidr-denylist'],
  ],
};
