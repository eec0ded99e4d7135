import type { CustomResourceDefinition, CustomResourceDefinitionCondition } from '@keelson/types';

export const approvalAnnotation = 'api-approved.kubernetes.io';

type Verdict = Pick<CustomResourceDefinitionCondition, 'type' | 'status' | 'reason' | 'message'>;

/** Whether a definition in one of Kubernetes' own groups, which are for reviewed APIs, is approved: the condition that says so. Undefined in other groups. */
export function approvalOf({ metadata, spec }: CustomResourceDefinition): Verdict | undefined {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(spec?.group ?? '')) return undefined;
  const annotation = metadata.annotations?.[approvalAnnotation] ?? '';
  const verdict = (reason: string, message: string): Verdict => {
    const status = reason === 'ApprovedAnnotation' ? 'True' : 'False';
    return { type: 'KubernetesAPIApprovalPolicyConformant', status, reason, message };
  };
  const lead = `protected groups must have approval annotation "${approvalAnnotation}"`;
  const see = 'see https://github.com/kubernetes/enhancements/pull/1111';
  if (annotation === '') return verdict('MissingAnnotation', `${lead}, ${see}`);
  if (annotation.startsWith('unapproved')) return verdict('UnapprovedAnnotation', `not approved: ${JSON.stringify(annotation)}`);
  if (URL.canParse(annotation) && new URL(annotation).host) return verdict('ApprovedAnnotation', `approved in ${annotation}`);
  return verdict('InvalidAnnotation', `${lead} with either a URL or a reason starting with "unapproved", ${see}`);
}
