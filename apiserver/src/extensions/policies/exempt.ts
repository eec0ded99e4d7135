/** Policies, their bindings and webhooks are not policed: they could make themselves impossible to remove. */
export function isExempt({ group, resource }: { readonly group: string; readonly resource: string }): boolean {
  return group === 'admissionregistration.k8s.io' && exempt.has(resource);
}

const exempt: ReadonlySet<string> = new Set([
  'mutatingwebhookconfigurations',
  'validatingwebhookconfigurations',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
]);
