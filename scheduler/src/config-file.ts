import type { ConfigKind, FieldRule, InertFlags } from '@keelson/component';

export const inert: InertFlags = {
  switches: ['authentication-skip-lookup', 'authentication-tolerate-lookup-failure'],
  values: [
    ...['authorization-always-allow-paths', 'authentication-token-webhook-cache-ttl', 'authorization-webhook-cache-authorized-ttl'],
    ...['authorization-webhook-cache-unauthorized-ttl', 'cert-dir', 'leader-elect-resource-lock', 'write-config-to'],
    ...['requestheader-client-ca-file', 'requestheader-allowed-names'],
    ...['requestheader-username-headers', 'requestheader-group-headers', 'requestheader-extra-headers-prefix', 'requestheader-uid-headers'],
  ],
};

/** As they are: `profiles.ts` and `extenders/config.ts` read them. */
const asJson = (flag: string): FieldRule => ({ flag, text: (value: unknown): string => JSON.stringify(value) });

export const configKind: ConfigKind = {
  kind: 'KubeSchedulerConfiguration',
  group: 'kubescheduler.config.k8s.io',
  version: 'v1',
  inert: [
    ...['clientConnection.acceptContentTypes', 'clientConnection.burst', 'clientConnection.contentType', 'clientConnection.qps'],
    ...['delayCacheUntilActive', 'enableContentionProfiling', 'enableProfiling', 'leaderElection.resourceLock', 'parallelism'],
    'percentageOfNodesToScore',
  ],
  fields: {
    'clientConnection.kubeconfig': 'kubeconfig',
    'leaderElection.leaderElect': 'leader-elect',
    'leaderElection.leaseDuration': 'leader-elect-lease-duration',
    'leaderElection.renewDeadline': 'leader-elect-renew-deadline',
    'leaderElection.retryPeriod': 'leader-elect-retry-period',
    'leaderElection.resourceName': 'leader-elect-resource-name',
    'leaderElection.resourceNamespace': 'leader-elect-resource-namespace',
    podInitialBackoffSeconds: 'pod-initial-backoff-seconds',
    podMaxBackoffSeconds: 'pod-max-backoff-seconds',
    profiles: asJson('profiles'),
    extenders: asJson('extenders'),
  },
};
