import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@keelson/base';
import { AnswerReader } from './answers.ts';

const stream = Buffer.from(
  [
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nWarning: 299 - "a"\r\nwarning:299 - "b"\r\nContent-Length: 5\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwo\r\n\r\nA;name=value\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n',
    'HTTP/1.1 204 No Content\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n0\r\n\r\n',
    'HTTP/1.1 429 \r\nContent-Length: 0\r\nConnection: Close\r\n\r\n',
  ].join(''),
);

const answers = [
  {
    status: 201,
    headers: { 'content-type': 'application/json', warning: '299 - "a", 299 - "b"', 'content-length': '5' },
    body: 'hello',
    last: false,
  },
  { status: 200, headers: { 'transfer-encoding': 'chunked' }, body: 'wo\r\n0123456789', last: false },
  { status: 204, headers: {}, body: '', last: false },
  { status: 200, headers: { 'transfer-encoding': 'Chunked' }, body: '', last: false },
  { status: 429, headers: { 'content-length': '0', connection: 'Close' }, body: '', last: true },
];

function read(pieces: Iterable<Buffer>): unknown[] {
  const reader = new AnswerReader();
  return Array.from(pieces, (piece) => reader.take(piece)).flatMap((whole) =>
    whole.map(({ body, ...head }) => ({ ...head, body: body.toString() })),
  );
}

test('answers are the same however their bytes are cut', () => {
  const seed = 20261122;
  assert.deepEqual(read([stream]), answers);
  assert.deepEqual(read(Array.from(stream, (byte) => Buffer.from([byte]))), answers);
  const random = seededRandom(seed);
  for (let round = 0; round < 200; round++) {
    const pieces: Buffer[] = [];
    for (let at = 0; at < stream.length; ) {
      const length = 1 + Math.floor(random.next() * 40);
      pieces.push(stream.subarray(at, at + length));
      at += length;
    }
    assert.deepEqual(read(pieces), answers, `seed ${seed}, round ${round}`);
  }
});

const malformed: readonly [text: string, message: RegExp][] = [
  ['hello\r\n\r\n', /malformed HTTP response "hello"/],
  ['HTTP/2 200 OK\r\n\r\n', /malformed HTTP response/],
  ['HTTP/1.1 200 OK\r\nnothing\r\n\r\n', /malformed HTTP header "nothing"/],
  ['HTTP/1.1 200 OK\r\n\r\n', /its length is ""/],
  ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', /its length is "1, 2"/],
  ['HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n', /its length is "-1"/],
  ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n', /malformed chunk "x"/],
  [`HTTP/1.1 200 OK\r\n${'a'.repeat(1024 * 1024)}`, /does not end/],
];

for (const [text, message] of malformed) {
  test(`refused: ${JSON.stringify(text.slice(0, 70))}`, () => {
    assert.throws(() => new AnswerReader().take(Buffer.from(text)), message);
  });
}
