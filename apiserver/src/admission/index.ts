import type { Services } from '../http/services.ts';
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificates.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { limitRanger } from './limit-ranger.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { nodeRestriction } from './node-restriction.ts';
import { type PodSecurityDeps, podSecurity } from './pod-security/plugin.ts';
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
}

/** THE ordered list of admission plugins, in Kubernetes' order. */
export const admissionPlugins = (deps: AdmissionPluginDeps): readonly AdmissionPlugin[] => [
  namespaceLifecycle,
  limitRanger,
  serviceAccount,
  nodeRestriction,
  taintNodesByCondition,
  podSecurity(deps.podSecurity),
  priority,
  defaultTolerationSeconds,
  defaultStorageClass,
  storageObjectInUseProtection,
  persistentVolumeClaimResize,
  runtimeClass,
  certificateApproval(deps.authorize),
  certificateSigning(deps.authorize),
  certificateSubjectRestriction,
  defaultIngressClass,
  ...deps.webhooks,
  resourceQuota,
];
