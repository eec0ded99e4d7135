import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestText } from './request-text.ts';

const to = { host: '192.0.2.1', port: 6443, secure: true };

test('a request as it is sent; its length is that of its bytes', () => {
  const request = { method: 'POST', path: '/api/v1/pods?dryRun=All', headers: { accept: 'application/json' }, body: '{"é":1}' } as const;
  assert.equal(
    requestText(to, request),
    'POST /api/v1/pods?dryRun=All HTTP/1.1\r\nhost: 192.0.2.1:6443\r\naccept: application/json\r\ncontent-length: 8\r\n\r\n{"é":1}',
  );
});

test('the host is named as a URL does', () => {
  const host = (target: typeof to): string => /host: (.*)\r/.exec(requestText(target, { method: 'DELETE', path: '/' }))?.[1] ?? '';
  assert.equal(host({ host: '::1', port: 6443, secure: true }), '[::1]:6443');
  assert.equal(host({ host: 'example.com', port: 443, secure: true }), 'example.com');
  assert.equal(host({ host: 'example.com', port: 443, secure: false }), 'example.com:443');
});

test('nothing in a path or a header becomes a line of its own', () => {
  const send = (path: string, value: string) => () => requestText(to, { method: 'POST', path, headers: { 'user-agent': value } });
  assert.throws(send('/a b', 'x'), /Request path contains unescaped characters/);
  assert.throws(send('/a\r\nx: y', 'x'), /Request path contains unescaped characters/);
  assert.throws(send('/', 'x\r\ny: z'), /Invalid character in header content \["user-agent"\]/);
});
