import { errorMessage } from '@keelson/base';
import type { Status, StatusCause, StatusDetails } from '@keelson/types';
import { type FieldError, fieldErrorBody, fieldErrorReason, formatFieldErrors } from './field.ts';
import { goQuote } from './go-text.ts';

/** A resource by its group and plural name; the core group is ''. */
export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}

export interface GroupKind {
  readonly group: string;
  readonly kind: string;
}

/** An error answer of the API, with the Status that says it. */
export class StatusError extends Error {
  readonly status: Status;
  /** HTTP status code. */
  readonly code: number;
  /** `NotFound`, `Conflict`, … */
  readonly reason: string;

  constructor(status: Status) {
    super(status.message ?? '');
    this.name = 'StatusError';
    this.status = status;
    this.code = status.code ?? 500;
    this.reason = status.reason ?? '';
  }
}

function failure(code: number, reason: string, message: string, details?: StatusDetails, listMeta: Status['metadata'] = {}): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: listMeta,
    status: 'Failure',
    message,
    reason,
    ...(details ? { details } : {}),
    code,
  });
}

/** Details of an error about one object; empty parts are left out. `kind` holds the resource, as upstream has it. */
function about({ group, resource }: GroupResource, name: string, more: StatusDetails = {}): StatusDetails {
  return { ...(name ? { name } : {}), ...(group ? { group } : {}), ...(resource ? { kind: resource } : {}), ...more };
}

/** Seconds to wait; 0 or absent says nothing. */
function retryAfter(seconds: number | undefined): StatusDetails {
  return seconds ? { retryAfterSeconds: seconds } : {};
}

/** `deployments.apps`, or `pods` in the core group. */
export function groupResourceText({ group, resource }: GroupResource): string {
  return group ? `${resource}.${group}` : resource;
}

/** `Deployment.apps`, or `Pod` in the core group. */
export function groupKindText({ group, kind }: GroupKind): string {
  return group ? `${kind}.${group}` : kind;
}

export function notFound(resource: GroupResource, name: string): StatusError {
  return failure(404, 'NotFound', `${groupResourceText(resource)} ${goQuote(name)} not found`, about(resource, name));
}

/** A path that no resource stands behind. */
export function pathNotFound(): StatusError {
  return failure(404, 'NotFound', 'the server could not find the requested resource', {});
}

/** @param goes whether it is being deleted. */
export function alreadyExists(resource: GroupResource, name: string, goes = false): StatusError {
  const message = `${goes ? 'object is being deleted: ' : ''}${groupResourceText(resource)} ${goQuote(name)} already exists`;
  return failure(409, 'AlreadyExists', message, about(resource, name));
}

/** Every name drawn from a generateName was taken. */
export function generateNameConflict(resource: GroupResource, name: string, retryAfterSeconds: number): StatusError {
  const message = `${groupResourceText(resource)} ${goQuote(name)} already exists, the server was not able to generate a unique name for the object`;
  return failure(409, 'AlreadyExists', message, about(resource, name, retryAfter(retryAfterSeconds)));
}

/** What optimistic concurrency says to the later of two writers. */
export const objectModified = 'the object has been modified; please apply your changes to the latest version and try again';

/** `Operation cannot be fulfilled on deployments.apps "x": …`. */
export function conflict(resource: GroupResource, name: string, message: string = objectModified): StatusError {
  const text = `Operation cannot be fulfilled on ${groupResourceText(resource)} ${goQuote(name)}: ${message}`;
  return failure(409, 'Conflict', text, about(resource, name));
}

/** Server-side apply met fields that others manage. */
export function applyConflict(causes: StatusCause[], message: string): StatusError {
  return failure(409, 'Conflict', message, { causes });
}

/** 422 with a cause per field error, and the errors joined in the message. Upstream tells all causes, however long; here they end at a megabyte. */
export function invalid(kind: GroupKind, name: string, errors: readonly FieldError[]): StatusError {
  const causes = causesOf(errors);
  const subject = `${groupKindText(kind)} ${goQuote(name)} is invalid`;
  const message = errors.length > 0 ? `${subject}: ${formatFieldErrors(errors)}` : subject;
  const details = about({ group: kind.group, resource: kind.kind }, name, causes.length > 0 ? { causes } : {});
  return failure(422, 'Invalid', message, details);
}

const mostCharacters = 1024 * 1024;

function causesOf(errors: readonly FieldError[]): { reason: string; message: string; field: string }[] {
  const causes = [];
  let length = 0;
  for (const error of errors) {
    const cause = { reason: fieldErrorReason(error), message: fieldErrorBody(error), field: error.path };
    length += cause.message.length + cause.field.length;
    if (length > mostCharacters && causes.length > 0) break;
    causes.push(cause);
  }
  return causes;
}

/** A patch that is well formed but cannot be applied; upstream says no more than this. The cause is for the server's log. */
export function unprocessable(cause?: unknown): StatusError {
  const error = failure(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
  error.cause = cause;
  return error;
}

export function badRequest(message: string): StatusError {
  return failure(400, 'BadRequest', message);
}

export function unauthorized(message = 'Unauthorized'): StatusError {
  return failure(401, 'Unauthorized', message);
}

/** `pods "x" is forbidden: …`; the name, and then the resource, are left out when empty. */
export function forbidden(resource: GroupResource, name: string, message: string): StatusError {
  const subject = name ? `${groupResourceText(resource)} ${goQuote(name)} is forbidden` : `${groupResourceText(resource)} is forbidden`;
  const text = resource.resource || resource.group ? `${subject}: ${message}` : `forbidden: ${message}`;
  return failure(403, 'Forbidden', text, about(resource, name));
}

/** `verb` is Kubernetes' own: `create`, `patch`, … */
export function methodNotSupported(resource: GroupResource, verb: string): StatusError {
  const message = `${verb} is not supported on resources of kind ${goQuote(groupResourceText(resource))}`;
  return failure(405, 'MethodNotAllowed', message, about(resource, ''));
}

/** No form the client accepts can be written. `accepted`: media types that can. */
export function notAcceptable(accepted: readonly string[]): StatusError {
  return notAcceptableForm(`only the following media types are accepted: ${accepted.join(', ')}`);
}

/** What upstream passes on as it is: the server's fault, of which not even a reason is told. */
export function unexplained(message: string): StatusError {
  return new StatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 });
}

/** That what was asked for cannot be told in the form that was asked for. */
export function notAcceptableForm(message: string): StatusError {
  return failure(406, 'NotAcceptable', message);
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  return failure(415, 'UnsupportedMediaType', message);
}

export function requestEntityTooLarge(message: string): StatusError {
  return failure(413, 'RequestEntityTooLarge', `Request entity too large: ${message}`);
}

export function tooManyRequests(message: string, retryAfterSeconds?: number): StatusError {
  return failure(429, 'TooManyRequests', message, retryAfter(retryAfterSeconds));
}

/** The answer did not come in time. */
export function timeout(message: string, retryAfterSeconds?: number): StatusError {
  return failure(504, 'Timeout', `Timeout: ${message}`, retryAfter(retryAfterSeconds));
}

/** The server could not finish an operation, and trying again may help. */
export function serverTimeout(resource: GroupResource, operation: string, retryAfterSeconds?: number): StatusError {
  const message = `The ${operation} operation against ${groupResourceText(resource)} could not be completed at this time, please try again.`;
  return failure(500, 'ServerTimeout', message, about(resource, operation, retryAfter(retryAfterSeconds)));
}

/** A read at a resourceVersion the server has not reached in time. */
export function resourceVersionTooLarge(asked: number | bigint, current: number | bigint): StatusError {
  return failure(504, 'Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

/** Whatever went wrong that is no fault of the client. */
export function internalError(error: unknown): StatusError {
  const message = errorMessage(error);
  return failure(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] });
}

/** What upstream did not foresee and so takes for the server's fault, though it is not: 500 without a reason. */
export function unforeseen(message: string): StatusError {
  return new StatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 });
}

export function serviceUnavailable(message: string): StatusError {
  return failure(503, 'ServiceUnavailable', message);
}

export function gone(message: string): StatusError {
  return failure(410, 'Gone', message);
}

/** A resourceVersion or continue token that is compacted away. `listMeta.continue` offers an inconsistent way on. */
export function expired(message: string, listMeta: { continue?: string } = {}): StatusError {
  return failure(410, 'Expired', message, undefined, listMeta);
}

/** Another name of `expired`, as upstream's constructor is called. */
export const resourceExpired: typeof expired = expired;

/** True for a StatusError of that reason. */
export function isStatusReason(error: unknown, reason: string): error is StatusError {
  return error instanceof StatusError && error.reason === reason;
}
