import type { Clock } from '@keelson/base';
import type { Services } from '../http/services.ts';
import { alwaysAdmit, alwaysDeny } from './always.ts';
import { alwaysPullImages } from './always-pull-images.ts';
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificates.ts';
import { type AdmissionSettings, noAdmissionSettings } from './configuration.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { denyServiceExternalIPs } from './deny-service-external-ips.ts';
import { eventRateLimit } from './event-rate-limit.ts';
import { extendedResourceToleration } from './extended-resource-toleration.ts';
import { imagePolicyWebhook } from './image-policy-webhook.ts';
import { limitRanger } from './limit-ranger.ts';
import { offByDefault } from './names.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { namespaceAutoProvision, namespaceExists } from './namespaces.ts';
import { nodeRestriction } from './node-restriction/node-restriction.ts';
import { ownerReferencesPermissionEnforcement } from './owner-references.ts';
import { limitPodHardAntiAffinityTopology } from './pod-anti-affinity.ts';
import { noPodNodeSelectors, podNodeSelector } from './pod-node-selector.ts';
import { podResizeValidator } from './pod-resize.ts';
import { type PodSecurityDeps, podSecurity } from './pod-security/plugin.ts';
import { noPodTolerations, podTolerationRestriction } from './pod-toleration-restriction.ts';
import { podTopologyLabels } from './pod-topology-labels.ts';
import { priority } from './priority.ts';
import { resourceQuota } from './resource-quota.ts';
import { runtimeClass } from './runtime-class.ts';
import { serviceAccount } from './service-account.ts';
import { defaultIngressClass, defaultStorageClass, persistentVolumeClaimResize, storageObjectInUseProtection } from './storage.ts';
import { taintNodesByCondition } from './taint-nodes-by-condition.ts';
import type { AdmissionPlugin } from './types.ts';

export interface AdmissionPluginDeps {
  /** Those that ask others. */
  readonly webhooks: readonly AdmissionPlugin[];
  /** Answers what a user may. */
  readonly authorize: Services['authorize'];
  readonly podSecurity: PodSecurityDeps;
  readonly clock: Clock;
  /** What plugins are told, and which there are besides the usual ones; nothing, unless told. */
  readonly settings?: AdmissionSettings;
}

/** THE ordered list of admission plugins, in Kubernetes' order. */
export function admissionPlugins(deps: AdmissionPluginDeps): readonly AdmissionPlugin[] {
  const { authorize, settings = noAdmissionSettings } = deps;
  const all: readonly AdmissionPlugin[] = [
    alwaysAdmit,
    namespaceAutoProvision,
    namespaceLifecycle,
    namespaceExists,
    limitPodHardAntiAffinityTopology,
    limitRanger,
    serviceAccount,
    nodeRestriction(authorize),
    taintNodesByCondition,
    alwaysPullImages,
    imagePolicyWebhook(settings.imagePolicy, deps.clock),
    podSecurity(deps.podSecurity),
    podNodeSelector(settings.podNodeSelector ?? noPodNodeSelectors),
    priority,
    defaultTolerationSeconds(settings.tolerationSeconds),
    podTolerationRestriction(settings.podTolerations ?? noPodTolerations),
    eventRateLimit(settings.eventLimits ?? []),
    extendedResourceToleration,
    defaultStorageClass,
    storageObjectInUseProtection,
    ownerReferencesPermissionEnforcement(authorize),
    persistentVolumeClaimResize,
    runtimeClass,
    certificateApproval(authorize),
    certificateSigning(authorize),
    certificateSubjectRestriction,
    defaultIngressClass,
    denyServiceExternalIPs,
    podTopologyLabels,
    podResizeValidator,
    ...deps.webhooks,
    resourceQuota(settings.limitedResources ?? []),
    alwaysDeny,
  ];
  const { enabled = [] } = settings;
  return all.filter(({ name }) => !offByDefault.has(name) || enabled.includes(name));
}
