import { badRequest, type FieldError, fieldInvalid, invalid } from '@keelson/machinery';
import {
  LocalSubjectAccessReview,
  type ObjectMeta,
  type ResourceRule,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  type SubjectAccessReviewSpec,
} from '@keelson/types';
import type { AuthorizationAttributes, UserInfo } from '../../auth/types.ts';
import { queryOf } from '../../auth/webhook/review.ts';
import { answerTo, checkNamespace, decodeBody } from '../../http/request.ts';
import type { ResourceRequest } from '../../http/resource-request.ts';
import { sendJson } from '../../http/respond.ts';
import type { ServedKind } from '../served-kind.ts';
import { selectorErrors } from './selector-validation.ts';

type Asked = Pick<SubjectAccessReviewSpec, 'resourceAttributes' | 'nonResourceAttributes'>;

/** Reviews of what somebody may do: answered, never stored. */
export const accessReviewKinds: readonly Pick<ServedKind, 'kind' | 'verbs' | 'answer'>[] = [
  { kind: SubjectAccessReview, verbs: ['create'], answer: (request) => review(request, subjectOf) },
  { kind: LocalSubjectAccessReview, verbs: ['create'], answer: (request) => review(request, subjectOf) },
  { kind: SelfSubjectAccessReview, verbs: ['create'], answer: (request) => review(request) },
  { kind: SelfSubjectRulesReview, verbs: ['create'], answer: rulesReview },
];

async function review(request: ResourceRequest, who?: (spec: SubjectAccessReviewSpec) => UserInfo): Promise<void> {
  const body = await decodeBody(request);
  checkNamespace(request, body);
  const spec = (body.spec ?? {}) as SubjectAccessReviewSpec;
  const errors = [...specErrors(spec, who !== undefined), ...placeErrors(spec, body.metadata, request)];
  if (errors.length > 0) throw invalid({ group: request.store.kind.group, kind: request.store.kind.kind }, '', errors);
  const decision = await request.services.authorize(attributesOf(spec, who?.(spec) ?? request.user));
  const status = {
    allowed: decision.type === 'allow',
    ...(decision.type === 'deny' ? { denied: true } : {}),
    ...(decision.reason ? { reason: decision.reason } : {}),
    ...(decision.type !== 'allow' && decision.error !== undefined ? { evaluationError: decision.error } : {}),
  };
  await sendJson(answerTo(request), 201, { ...body, metadata: body.metadata ?? {}, status });
}

function subjectOf({ user, uid, groups, extra }: SubjectAccessReviewSpec): UserInfo {
  return { name: user ?? '', uid, groups: groups ?? [], extra };
}

function specErrors(spec: SubjectAccessReviewSpec, named: boolean): FieldError[] {
  const { resourceAttributes: on, nonResourceAttributes: off } = spec;
  const errors: FieldError[] = [];
  if (on && off) errors.push(fieldInvalid('spec.nonResourceAttributes', off, 'cannot be specified in combination with resourceAttributes'));
  if (!on && !off)
    errors.push(
      fieldInvalid('spec.resourceAttributes', null, 'exactly one of nonResourceAttributes or resourceAttributes must be specified'),
    );
  if (named && !spec.user && !spec.groups?.length)
    errors.push(fieldInvalid('spec.user', spec.user ?? '', 'at least one of user or group must be specified'));
  if (on) errors.push(...selectorErrors(on));
  return errors;
}

/** Reviews have no metadata; one within a namespace is of that namespace, and of nothing outside resources. */
function placeErrors(spec: Asked, metadata: ObjectMeta, { store, info }: ResourceRequest): FieldError[] {
  const { resourceAttributes: on, nonResourceAttributes: off } = spec;
  const { namespace: _, managedFields: __, creationTimestamp: ___, uid: ____, ...rest } = metadata;
  const { namespaced } = store.kind;
  const errors: FieldError[] = [];
  if (Object.keys(rest).length > 0)
    errors.push(fieldInvalid('metadata', metadata, `must be empty${namespaced ? ' except for namespace' : ''}`));
  if (!namespaced) return errors;
  if (on && (on.namespace ?? '') !== info.namespace)
    errors.push(fieldInvalid('spec.resourceAttributes.namespace', on.namespace ?? '', 'must match metadata.namespace'));
  if (off) errors.push(fieldInvalid('spec.nonResourceAttributes', off, 'disallowed on this kind of request'));
  return errors;
}

function attributesOf({ resourceAttributes: on, nonResourceAttributes: off }: Asked, user: UserInfo): AuthorizationAttributes {
  const { group = '', version = '', resource = '', subresource = '', namespace = '', name = '' } = on ?? {};
  const { verb = '' } = on ?? off ?? {};
  const place = { verb, group, version, resource, subresource, namespace, name };
  return { user, isResource: on !== undefined, path: off?.path ?? '', ...place, query: on && queryOf(on) };
}

async function rulesReview(request: ResourceRequest): Promise<void> {
  const body = await decodeBody(request);
  const { namespace } = (body.spec ?? {}) as { namespace?: string };
  if (!namespace) throw badRequest('no namespace on request');
  const { rules, problems } = request.services.allRulesOf(request.user, namespace);
  const resourceRules: ResourceRule[] = rules
    .filter(({ nonResourceURLs }) => !nonResourceURLs?.length)
    .map(({ verbs, apiGroups, resources, resourceNames }) => ({ verbs, apiGroups, resources, resourceNames }));
  const nonResourceRules = rules
    .filter(({ nonResourceURLs }) => nonResourceURLs?.length)
    .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs }));
  await sendJson(answerTo(request), 201, {
    ...body,
    metadata: {},
    status: {
      incomplete: problems.length > 0,
      resourceRules,
      nonResourceRules,
      ...(problems.length > 0 ? { evaluationError: problems.join(', ') } : {}),
    },
  });
}
