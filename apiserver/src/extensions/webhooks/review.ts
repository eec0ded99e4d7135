import type { KubeObject } from '@keelson/client';
import { applyJsonPatch, forbidden, type GroupResource, internalError, type JsonPatchOperation, StatusError } from '@keelson/machinery';
import type { Status } from '@keelson/types';
import type { AdmissionAttributes } from '../../admission/types.ts';
import { requestedOf } from './equivalents.ts';

/** What a webhook says of a write. */
export interface Verdict {
  readonly uid?: string;
  readonly allowed?: boolean;
  readonly status?: Partial<Status>;
  readonly patchType?: string;
  /** Base64 of a JSON patch. */
  readonly patch?: string;
  readonly warnings?: readonly string[];
  /** For the audit log; the keys without the webhook's name. */
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

/** The body of `AdmissionReview` that asks about a write. */
export function reviewOf(attributes: AdmissionAttributes, uid: string, version: string): object {
  const { store, subresource, operation, namespace, name, user, object, old, dryRun } = attributes;
  const { group, version: apiVersion, kind, resource } = store.kind;
  const ofKind = { group, version: apiVersion, kind };
  const ofResource = { group, version: apiVersion, resource };
  const below = subresource ? { subResource: subresource, requestSubResource: subresource } : {};
  const asked = requestedOf(attributes).kind;
  const requestKind = { group: asked.group, version: asked.version, kind: asked.kind };
  const requestResource = { group: asked.group, version: asked.version, resource: asked.resource };
  const { uid: userUid, extra } = user as { uid?: string; extra?: object };
  return {
    kind: 'AdmissionReview',
    apiVersion: `admission.k8s.io/${version}`,
    request: {
      uid,
      ...{ kind: ofKind, resource: ofResource, ...below, requestKind, requestResource },
      ...(name ? { name } : {}),
      ...(namespace ? { namespace } : {}),
      operation,
      userInfo: { username: user.name, ...(userUid ? { uid: userUid } : {}), groups: user.groups, ...(extra ? { extra } : {}) },
      object: object ? withIdentity(object, store.kind) : null,
      oldObject: old ? withIdentity(old, store.kind) : null,
      dryRun,
      options: optionsOf(operation, dryRun),
    },
  };
}

/** Connect options come with an identity of their own. */
function withIdentity(object: KubeObject, { kind, apiVersion }: { kind: string; apiVersion: string }): KubeObject {
  return { ...object, kind: object.kind ?? kind, apiVersion: object.apiVersion ?? apiVersion };
}

const optionKinds: Readonly<Record<string, string>> = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions' };

function optionsOf(operation: string, dryRun: boolean): object | null {
  const kind = optionKinds[operation];
  return kind ? { kind, apiVersion: 'meta.k8s.io/v1', ...(dryRun ? { dryRun: ['All'] } : {}) } : null;
}

/** @throws Error for an answer that is none. */
export function verdictOf(answer: unknown, uid: string, versions: readonly string[]): Verdict {
  const review = answer as { kind?: string; apiVersion?: string; response?: Verdict } | null;
  const known = versions.map((version) => `admission.k8s.io/${version}`);
  if (review?.kind !== 'AdmissionReview' || !known.includes(review.apiVersion ?? ''))
    throw new Error(
      `expected webhook response of admission.k8s.io/${versions[0]}, Kind=AdmissionReview, got ${review?.apiVersion ?? ''}, Kind=${review?.kind ?? ''}`,
    );
  const { response } = review;
  if (!response) throw new Error('webhook response was absent');
  if (response.uid !== uid) throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? '')}`);
  if (response.patch && response.patchType !== 'JSONPatch')
    throw new Error(`unexpected response.patchType ${JSON.stringify(response.patchType ?? '')}`);
  return response;
}

/** What the client is told when a webhook does not allow the write. */
export function denial(webhook: string, { status = {} }: Verdict, resource: GroupResource, name: string): StatusError {
  const { code, message, reason, details } = status;
  const lead = `admission webhook ${JSON.stringify(webhook)} denied the request`;
  const text = message ? `${lead}: ${message}` : reason ? `${lead}: ${reason}` : `${lead} without explanation`;
  const base = forbidden(resource, name, '').status;
  const refused = code !== undefined && code >= 400 && code < 600 ? code : 400;
  return new StatusError({ ...base, ...(details ? { details } : { details: {} }), message: text, reason: reason ?? '', code: refused });
}

export function callFailure(webhook: string, why: string): StatusError {
  return internalError(new Error(`failed calling webhook ${JSON.stringify(webhook)}: ${why}`));
}

/** The object a webhook's patch makes of the present one. @throws Error when it does not fit. */
export function patched(object: KubeObject, patch: string): KubeObject {
  const operations = JSON.parse(Buffer.from(patch, 'base64').toString()) as JsonPatchOperation[];
  return applyJsonPatch(object, operations) as KubeObject;
}
