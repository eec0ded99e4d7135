import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as machinery from './index.ts';

const deployments = { group: 'apps', resource: 'deployments' };
const pods = { group: '', resource: 'pods' };

const table: [name: string, error: machinery.StatusError, code: number, reason: string, message: string, details?: object][] = [
  [
    'not found',
    machinery.notFound(deployments, 'x'),
    404,
    'NotFound',
    'deployments.apps "x" not found',
    { name: 'x', group: 'apps', kind: 'deployments' },
  ],
  ['not found in core', machinery.notFound(pods, 'a"b'), 404, 'NotFound', 'pods "a\\"b" not found', { name: 'a"b', kind: 'pods' }],
  ['already exists', machinery.alreadyExists(pods, 'x'), 409, 'AlreadyExists', 'pods "x" already exists', { name: 'x', kind: 'pods' }],
  [
    'generateName',
    machinery.generateNameConflict(pods, 'x', 1),
    409,
    'AlreadyExists',
    'pods "x" already exists, the server was not able to generate a unique name for the object',
    { name: 'x', kind: 'pods', retryAfterSeconds: 1 },
  ],
  [
    'conflict',
    machinery.conflict(deployments, 'x'),
    409,
    'Conflict',
    'Operation cannot be fulfilled on deployments.apps "x": the object has been modified; please apply your changes to the latest version and try again',
    { name: 'x', group: 'apps', kind: 'deployments' },
  ],
  ['bad request', machinery.badRequest('why'), 400, 'BadRequest', 'why'],
  ['unauthorized', machinery.unauthorized(), 401, 'Unauthorized', 'Unauthorized'],
  ['forbidden', machinery.forbidden(pods, 'x', 'no'), 403, 'Forbidden', 'pods "x" is forbidden: no', { name: 'x', kind: 'pods' }],
  [
    'forbidden list',
    machinery.forbidden(deployments, '', 'no'),
    403,
    'Forbidden',
    'deployments.apps is forbidden: no',
    { group: 'apps', kind: 'deployments' },
  ],
  ['forbidden path', machinery.forbidden({ group: '', resource: '' }, '', 'no'), 403, 'Forbidden', 'forbidden: no', {}],
  [
    'method',
    machinery.methodNotSupported(pods, 'patch'),
    405,
    'MethodNotAllowed',
    'patch is not supported on resources of kind "pods"',
    { kind: 'pods' },
  ],
  [
    'not acceptable',
    machinery.notAcceptable(['a/b', 'c/d']),
    406,
    'NotAcceptable',
    'only the following media types are accepted: a/b, c/d',
  ],
  [
    'media type',
    machinery.unsupportedMediaType(['a/b']),
    415,
    'UnsupportedMediaType',
    'the body of the request was in an unknown format - accepted media types include: a/b',
  ],
  [
    'too large',
    machinery.requestEntityTooLarge('limit is 3145728'),
    413,
    'RequestEntityTooLarge',
    'Request entity too large: limit is 3145728',
  ],
  ['too many', machinery.tooManyRequests('slow', 10), 429, 'TooManyRequests', 'slow', { retryAfterSeconds: 10 }],
  ['timeout', machinery.timeout('late', 2), 504, 'Timeout', 'Timeout: late', { retryAfterSeconds: 2 }],
  [
    'server timeout',
    machinery.serverTimeout(pods, 'list', 0),
    500,
    'ServerTimeout',
    'The list operation against pods could not be completed at this time, please try again.',
    { name: 'list', kind: 'pods' },
  ],
  [
    'internal',
    machinery.internalError(new Error('boom')),
    500,
    'InternalError',
    'Internal error occurred: boom',
    { causes: [{ message: 'boom' }] },
  ],
  ['unavailable', machinery.serviceUnavailable('down'), 503, 'ServiceUnavailable', 'down'],
  ['gone', machinery.gone('away'), 410, 'Gone', 'away'],
  ['expired', machinery.resourceExpired('old'), 410, 'Expired', 'old'],
];

for (const [name, error, code, reason, message, details] of table) {
  test(`status: ${name}`, () => {
    const status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      ...(details ? { details } : {}),
      code,
    };
    assert.deepEqual(error.status, status);
    assert.equal(error.message, message);
    assert.equal(error.code, code);
    assert.ok(machinery.isStatusReason(error, reason));
  });
}

test('status: an expired continue token offers another', () => {
  assert.deepEqual(machinery.expired('old', { continue: 'abc' }).status.metadata, { continue: 'abc' });
});

test('status: invalid lists every cause, and repeats none in the message', () => {
  const kind = { group: 'apps', kind: 'Deployment' };
  const one = machinery.fieldInvalid('spec.replicas', -1, 'must be greater than or equal to 0');
  assert.equal(
    machinery.invalid(kind, 'x', [one]).message,
    'Deployment.apps "x" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
  );
  const { message, details } = machinery.invalid(kind, 'x', [one, one, machinery.fieldRequired('spec.selector')]).status;
  assert.equal(
    message,
    'Deployment.apps "x" is invalid: [spec.replicas: Invalid value: -1: must be greater than or equal to 0, spec.selector: Required value]',
  );
  const cause = { reason: 'FieldValueInvalid', message: 'Invalid value: -1: must be greater than or equal to 0', field: 'spec.replicas' };
  assert.deepEqual(details, {
    name: 'x',
    group: 'apps',
    kind: 'Deployment',
    causes: [cause, cause, { reason: 'FieldValueRequired', message: 'Required value', field: 'spec.selector' }],
  });
  assert.equal(machinery.invalid({ group: '', kind: 'Pod' }, 'x', []).message, 'Pod "x" is invalid');
});

test('status: causes end at a megabyte, and what is long is told once in the message', () => {
  const long = Array.from({ length: 1_000 }, (_, n) => `key${n}`);
  const errors = Array.from({ length: 1_000 }, () => machinery.fieldInvalid('spec.keys', long, 'no'));
  const { message, details } = machinery.invalid({ group: '', kind: 'Pod' }, 'x', errors).status;
  assert.ok(message && message.length < 20_000);
  const causes = details?.causes ?? [];
  assert.ok(causes.length > 50 && JSON.stringify(causes).length < 2_000_000, `${causes.length}`);
  const huge = machinery.invalid({ group: '', kind: 'Pod' }, 'x', [machinery.fieldInvalid('spec', 'x'.repeat(2_000_000), 'no')]).status;
  assert.equal(huge.details?.causes?.length, 1);
});
