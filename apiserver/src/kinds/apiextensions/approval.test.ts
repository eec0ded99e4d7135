import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFieldError } from '@keelson/machinery';
import type { CustomResourceDefinition } from '@keelson/types';
import { approvalOf } from './approval.ts';
import { definitionUpdateErrors } from './custom-resource-definition-validation.ts';

function definition(group: string, approval?: string): CustomResourceDefinition {
  const annotations = approval === undefined ? {} : { 'api-approved.kubernetes.io': approval };
  return { metadata: { annotations }, spec: { group, names: {}, versions: [] } } as unknown as CustomResourceDefinition;
}

test('definitions of Kubernetes’ own groups say how they stand with its reviewers', () => {
  const lead = 'protected groups must have approval annotation "api-approved.kubernetes.io"';
  const see = 'see https://github.com/kubernetes/enhancements/pull/1111';
  const cases: [group: string, approval: string | undefined, status?: string, reason?: string, message?: string][] = [
    ['example.com', undefined],
    ['notk8s.io', undefined],
    ['k8s.io', undefined, 'False', 'MissingAnnotation', `${lead}, ${see}`],
    ['a.kubernetes.io', 'https://example.com/1', 'True', 'ApprovedAnnotation', 'approved in https://example.com/1'],
    ['a.k8s.io', 'unapproved, a test', 'False', 'UnapprovedAnnotation', 'not approved: "unapproved, a test"'],
    ['a.k8s.io', 'yes', 'False', 'InvalidAnnotation', `${lead} with either a URL or a reason starting with "unapproved", ${see}`],
  ];
  for (const [group, approval, status, reason, message] of cases) {
    const expected = reason && { type: 'KubernetesAPIApprovalPolicyConformant', status, reason, message };
    assert.deepEqual(approvalOf(definition(group, approval)), expected, `${group} ${approval}`);
  }
});

test('an approval is not taken away, but what was without one may change', () => {
  const approved = definition('a.k8s.io', 'https://example.com/1');
  const errors = (next: CustomResourceDefinition, old: CustomResourceDefinition): string[] =>
    definitionUpdateErrors(next, old).map((error) => formatFieldError(error).replace(/ protected.*/, ''));
  assert.deepEqual(errors(definition('a.k8s.io'), approved), ['metadata.annotations[api-approved.kubernetes.io]: Required value:']);
  assert.deepEqual(errors(definition('a.k8s.io', 'x'), approved), [
    'metadata.annotations[api-approved.kubernetes.io]: Invalid value: "x":',
  ]);
  assert.deepEqual(errors(definition('a.k8s.io'), definition('a.k8s.io')), []);
  assert.deepEqual(errors(definition('a.k8s.io', 'unapproved'), approved), []);
});
