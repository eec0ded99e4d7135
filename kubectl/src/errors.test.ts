import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '@keelson/client';
import { describeError, ManyErrors, withSource } from './errors.ts';

const server = '127.0.0.1:6443';
const api = (reason: string, message: string, code: number, details = {}): ApiError =>
  new ApiError({ metadata: {}, status: 'Failure', reason, message, code, details }, code);

test('errors of the server, of the connection and our own', () => {
  const table: [unknown, string][] = [
    [api('NotFound', 'pods "x" not found', 404), 'Error from server (NotFound): pods "x" not found'],
    [api('Unauthorized', 'Unauthorized', 401), 'error: You must be logged in to the server (Unauthorized)'],
    [api('', 'broken', 500), 'Error from server: broken'],
    [
      Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }),
      'The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?',
    ],
    [
      Object.assign(new Error('self'), { code: 'SELF_SIGNED_CERT_IN_CHAIN' }),
      'Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority',
    ],
    [new Error('no'), 'error: no'],
    [new Error('error: no'), 'error: no'],
    [new ManyErrors([new Error('a'), api('NotFound', 'b', 404)]), 'a\nError from server (NotFound): b'],
    [
      new ManyErrors([api('Invalid', 'Pod "x" is invalid: spec', 422, { causes: [{ field: 'spec', message: 'no' }] }), new Error('b')]),
      'Error from server (Invalid): Pod "x" is invalid: spec\nb',
    ],
    [
      withSource(api('AlreadyExists', 'pods "x" already exists', 409), 'creating', 'x.yaml'),
      'Error from server (AlreadyExists): error when creating "x.yaml": pods "x" already exists',
    ],
  ];
  for (const [error, text] of table) assert.equal(describeError(error, server), text);
});

test('what is invalid, field by field', () => {
  const cause = (field: string) => ({ field, reason: 'FieldValueInvalid', message: 'Invalid value: 0' });
  const details = (...fields: string[]) => ({ kind: 'Pod', name: 'x', causes: fields.map(cause) });
  assert.equal(describeError(api('Invalid', '', 422, details('spec.a')), server), 'The Pod "x" is invalid: spec.a: Invalid value: 0');
  assert.equal(
    describeError(api('Invalid', '', 422, details('spec.a', 'spec.b')), server),
    'The Pod "x" is invalid: \n* spec.a: Invalid value: 0\n* spec.b: Invalid value: 0',
  );
});
