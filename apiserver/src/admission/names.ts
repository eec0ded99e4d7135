/** Admission plugins that are there unless told: those that Kubernetes has on by default, as far as there is something to admit, and NodeRestriction. */
const usual: readonly string[] = [
  ...['NamespaceLifecycle', 'LimitRanger', 'ServiceAccount', 'TaintNodesByCondition', 'PodSecurity', 'Priority', 'PodTopologyLabels'],
  ...['DefaultTolerationSeconds', 'DefaultStorageClass', 'StorageObjectInUseProtection', 'PersistentVolumeClaimResize', 'RuntimeClass'],
  ...['CertificateApproval', 'CertificateSigning', 'CertificateSubjectRestriction', 'ClusterTrustBundleAttest', 'DefaultIngressClass'],
  ...['MutatingAdmissionPolicy', 'MutatingAdmissionWebhook', 'ValidatingAdmissionPolicy', 'ValidatingAdmissionWebhook', 'ResourceQuota'],
  ...['PodGroupProtection', 'PodGroupWorkloadExists', 'NodeDeclaredFeatureValidator', 'JobValidation', 'PodResizeValidator'],
  'NodeRestriction',
];

/** Those that are there only where somebody asks for them. */
export const offByDefault: ReadonlySet<string> = new Set([
  ...['AlwaysAdmit', 'AlwaysDeny', 'AlwaysPullImages', 'NamespaceAutoProvision', 'NamespaceExists', 'LimitPodHardAntiAffinityTopology'],
  ...['PodNodeSelector', 'PodTolerationRestriction', 'EventRateLimit', 'ExtendedResourceToleration', 'ImagePolicyWebhook'],
  ...['OwnerReferencesPermissionEnforcement', 'DenyServiceExternalIPs'],
]);

/** @throws Error in upstream's words for a plugin that is not offered. */
export function checkPluginNames(flag: string, given: readonly string[]): void {
  const unknown = given.find((name) => !usual.includes(name) && !offByDefault.has(name));
  if (unknown !== undefined) throw new Error(`${flag} plugin ${JSON.stringify(unknown)} is unknown`);
}
