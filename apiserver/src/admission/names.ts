/** Admission plugins that Kubernetes has on by default, and NodeRestriction: all of them are on here, as far as there is something to admit. */
const names: ReadonlySet<string> = new Set([
  ...['NamespaceLifecycle', 'LimitRanger', 'ServiceAccount', 'TaintNodesByCondition', 'PodSecurity', 'Priority', 'PodTopologyLabels'],
  ...['DefaultTolerationSeconds', 'DefaultStorageClass', 'StorageObjectInUseProtection', 'PersistentVolumeClaimResize', 'RuntimeClass'],
  ...['CertificateApproval', 'CertificateSigning', 'CertificateSubjectRestriction', 'ClusterTrustBundleAttest', 'DefaultIngressClass'],
  ...['MutatingAdmissionPolicy', 'MutatingAdmissionWebhook', 'ValidatingAdmissionPolicy', 'ValidatingAdmissionWebhook', 'ResourceQuota'],
  ...['NodeRestriction'],
]);

/** @throws Error in upstream's words for a plugin that is not offered. */
export function checkPluginNames(flag: string, given: readonly string[]): void {
  const unknown = given.find((name) => !names.has(name));
  if (unknown !== undefined) throw new Error(`${flag} plugin ${JSON.stringify(unknown)} is unknown`);
}
