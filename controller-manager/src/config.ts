import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { OptionValues } from '@keelson/component';
import type { Credential } from '@keelson/pki';
import { signers } from './certificate-requests.ts';
import type { ControllerConfig } from './controllers/types.ts';
import { checkControllers } from './names.ts';
import type { options } from './options.ts';

type Values = OptionValues<typeof options>;

/**
 * What the flags say to the controllers. `serverCA`: PEM of the CA by which this process itself trusts the API server, published where no
 * other is named. @throws for a flag that says nothing sensible, naming it.
 */
export function controllerConfig(values: Values, serverCA?: string): ControllerConfig {
  checkControllers(values.controllers);
  const rootCA = values['root-ca-file'] ? readFileSync(values['root-ca-file'], 'utf8') : serverCA;
  const tokenKey = values['service-account-private-key-file'];
  const mask = values['node-cidr-mask-size'];
  const clusterCIDRs = values['cluster-cidr'];
  if (values['allocate-node-cidrs'] && clusterCIDRs.length === 0)
    throw new Error('--cluster-cidr must be given with --allocate-node-cidrs');
  return {
    ...(rootCA ? { rootCA } : {}),
    ...(tokenKey ? { tokenKey: readFileSync(tokenKey, 'utf8') } : {}),
    legacyTokenCleanUpPeriod: values['legacy-service-account-token-clean-up-period'],
    garbageCollection: values['enable-garbage-collector'],
    resourceQuotaSyncPeriod: values['resource-quota-sync-period'],
    terminatedPodThreshold: values['terminated-pod-gc-threshold'],
    maxEndpointsPerSlice: values['max-endpoints-per-slice'],
    nodeMonitorGracePeriod: values['node-monitor-grace-period'],
    nodeStartupGracePeriod: values['node-startup-grace-period'],
    nodeEviction: {
      evictionRate: values['node-eviction-rate'],
      secondaryEvictionRate: values['secondary-node-eviction-rate'],
      unhealthyZoneThreshold: values['unhealthy-zone-threshold'],
      largeClusterSizeThreshold: values['large-cluster-size-threshold'],
    },
    allocateNodeCIDRs: values['allocate-node-cidrs'],
    clusterCIDRs,
    nodeCIDRMaskSize: { 4: values['node-cidr-mask-size-ipv4'] || mask || 24, 6: values['node-cidr-mask-size-ipv6'] || mask || 64 },
    horizontalPodAutoscaler: autoscalerConfig(values),
    signing: signingConfig(values),
    concurrency: concurrencyOf(values),
    removeDirectory: (path) => rm(path, { recursive: true, force: true }),
  };
}

function concurrencyOf(values: Values): Record<string, number> {
  const named = Object.entries(values).flatMap(([name, value]) => {
    const what = /^concurrent-(.*)-syncs$/.exec(name)?.[1];
    return what === undefined ? [] : [[what, Number(value)] as const];
  });
  return { ...Object.fromEntries(named), 'mirroring-service-endpoint': values['mirroring-concurrent-service-endpoint-syncs'] };
}

function signingConfig(values: Values): ControllerConfig['signing'] {
  const common = credential(values['cluster-signing-cert-file'], values['cluster-signing-key-file']);
  const own = (name: 'kubelet-client' | 'kubelet-serving' | 'kube-apiserver-client' | 'legacy-unknown'): Credential | undefined => {
    const specific = credential(values[`cluster-signing-${name}-cert-file`], values[`cluster-signing-${name}-key-file`]);
    if (specific && common)
      throw new Error(`cannot specify --cluster-signing-{cert,key}-file and --cluster-signing-${name}-{cert,key}-file`);
    return specific ?? common;
  };
  const chosen = [
    [signers.kubeletClient, own('kubelet-client')],
    [signers.kubeletServing, own('kubelet-serving')],
    [signers.client, own('kube-apiserver-client')],
    [signers.legacy, own('legacy-unknown')],
  ] as const;
  const authorities = Object.fromEntries(chosen.flatMap(([signer, authority]) => (authority ? [[signer, authority]] : [])));
  return { authorities, duration: values['cluster-signing-duration'] };
}

function credential(certFile: string, keyFile: string): Credential | undefined {
  if (!certFile && !keyFile) return undefined;
  if (!certFile || !keyFile) throw new Error('the certificate and the key of a signing authority must be given together');
  return { certPem: readFileSync(certFile, 'utf8'), keyPem: readFileSync(keyFile, 'utf8') };
}

function autoscalerConfig(values: Values): ControllerConfig['horizontalPodAutoscaler'] {
  return {
    syncPeriod: values['horizontal-pod-autoscaler-sync-period'],
    downscaleStabilization: values['horizontal-pod-autoscaler-downscale-stabilization'],
    tolerance: values['horizontal-pod-autoscaler-tolerance'],
    cpuInitializationPeriod: values['horizontal-pod-autoscaler-cpu-initialization-period'],
    initialReadinessDelay: values['horizontal-pod-autoscaler-initial-readiness-delay'],
  };
}
