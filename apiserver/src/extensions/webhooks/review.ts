import { errorMessage } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import { goQuote, internalError, type JsonPatchOperation, StatusError } from '@keelson/machinery';
import type { Status } from '@keelson/types';
import type { AdmissionAttributes } from '../../admission/types.ts';
import { requestedOf } from './equivalents.ts';

/** What a webhook says of a write. */
export interface Response {
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
  const { store, subresource, operation, namespace, user, object, old, dryRun } = attributes;
  // What is to have a generated name has none yet.
  const name = operation === 'CREATE' && subresource === '' ? object?.metadata.name : attributes.name;
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
      options: optionsOf(attributes),
    },
  };
}

/** Connect options come with an identity of their own. */
function withIdentity(object: KubeObject, { kind, apiVersion }: { kind: string; apiVersion: string }): KubeObject {
  return { ...object, kind: object.kind ?? kind, apiVersion: object.apiVersion ?? apiVersion };
}

const optionKinds: Readonly<Record<string, string>> = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions' };

function optionsOf({ operation, dryRun, options = dryRun ? { dryRun: ['All'] } : {} }: AdmissionAttributes): object | null {
  const kind = optionKinds[operation];
  return kind ? { kind, apiVersion: 'meta.k8s.io/v1', ...options } : null;
}

interface Expected {
  readonly uid: string;
  /** Of the review it answers. */
  readonly version: string;
  /** Whether it may want a change. */
  readonly mutates: boolean;
}

/** @throws Error for an answer that is none. */
export function responseOf(answer: unknown, expected: Expected): Response {
  const review = answer as { kind?: string; apiVersion?: string; response?: Response } | null;
  const problem = problemOf(review?.response, `${review?.apiVersion ?? ''}, Kind=${review?.kind ?? ''}`, expected);
  if (problem !== undefined) throw new Error(`received invalid webhook response: ${problem}`);
  const response = review?.response ?? {};
  return expected.mutates ? response : { ...response, patch: '' };
}

/** The first version of reviews was answered with anything. */
function problemOf(response: Response | undefined, kind: string, { uid, version, mutates }: Expected): string | undefined {
  if (!response) return 'webhook response was absent';
  if (version !== 'v1') return undefined;
  if (response.uid !== uid) return `expected response.uid=${goQuote(uid)}, got ${goQuote(response.uid ?? '')}`;
  const wanted = 'admission.k8s.io/v1, Kind=AdmissionReview';
  if (kind !== wanted) return `expected webhook response of ${wanted}, got ${kind}`;
  const { patch, patchType } = response;
  if (!mutates) {
    if (patch) return 'validating webhook may not return response.patch';
    return patchType === undefined ? undefined : 'validating webhook may not return response.patchType';
  }
  if (patch && patchType === undefined) return 'webhook returned response.patch but not response.patchType';
  if (!patch && patchType !== undefined) return 'webhook returned response.patchType but not response.patch';
  if (patchType === '') return 'webhook returned invalid response.patchType of ""';
  return patchType === undefined || patchType === 'JSONPatch' ? undefined : `unsupported patch type ${goQuote(patchType)}`;
}

/** What the client is told when a webhook does not allow the write. */
export function denial(webhook: string, { status = {} }: Response): StatusError {
  const { code = 0, message, reason, details } = status;
  const lead = `admission webhook ${goQuote(webhook)} denied the request`;
  const why = message || reason;
  return new StatusError({
    ...{
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: why ? `${lead}: ${why}` : `${lead} without explanation`,
    },
    ...(reason ? { reason } : {}),
    ...(details ? { details } : {}),
    code: code >= 400 && code < 1000 ? code : 400,
  });
}

export function callFailure(webhook: string, why: string): StatusError {
  return internalError(new Error(`failed calling webhook ${goQuote(webhook)}: ${why}`));
}

/** What a patch in base64 wants. @throws Error for what is none. */
export function operationsIn(patch: string): readonly JsonPatchOperation[] {
  try {
    return JSON.parse(Buffer.from(patch, 'base64').toString()) as JsonPatchOperation[];
  } catch (error) {
    throw new Error(`received undecodable patch in webhook response: ${errorMessage(error)}`);
  }
}
