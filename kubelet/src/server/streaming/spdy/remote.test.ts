import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constants, createDeflate } from 'node:zlib';
import { joinRemote, type RemoteSession } from '../session.ts';
import { SpdyConnection } from './connection.ts';
import { dictionary } from './dictionary.ts';
import { dataFrame, FrameReader, synStreamFrame } from './frames.ts';
import { HeaderCodec } from './headers.ts';
import { spdySession } from './remote.ts';

const options = { stdin: false, stdout: true, stderr: true, tty: false };

/** A client's connection: what it opens, in order, and what it was sent, stream by stream. */
function client() {
  const sent: Buffer[] = [];
  let over = false;
  const connection = new SpdyConnection({
    write: async (data) => void sent.push(data),
    end: () => {
      over = true;
    },
  });
  const deflate = createDeflate({ dictionary });
  let id = -1;
  return {
    connection,
    async open(type: string): Promise<void> {
      const block: Buffer[] = [];
      deflate.on('data', (data: Buffer) => block.push(data));
      const plain = new HeaderCodec().encode(new Map([['streamtype', type]])).subarray(7, -5);
      await new Promise<void>((done) => deflate.write(plain, () => deflate.flush(constants.Z_SYNC_FLUSH, () => done())));
      deflate.removeAllListeners('data');
      id += 2;
      connection.receive(synStreamFrame(id, Buffer.concat(block)));
      await turn();
    },
    async said(): Promise<{ readonly data: Record<number, string>; readonly ended: number[]; readonly over: boolean }> {
      await turn();
      const frames = [...new FrameReader(new HeaderCodec()).push(Buffer.concat(sent))];
      const data: Record<number, string> = {};
      const ended: number[] = [];
      for (const frame of frames) {
        if (frame.type !== 'data') continue;
        if (frame.data.length > 0) data[frame.stream] = `${data[frame.stream] ?? ''}${frame.data}`;
        if (frame.fin) ended.push(frame.stream);
      }
      return { data, ended: ended.sort(), over };
    },
  };
}

const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

/** A command that has printed and ended before anybody reads. */
function run(session: RemoteSession, printed: string, exitCode: number, message = ''): void {
  const output = (async function* () {
    if (printed) yield { channel: 'stdout' as const, data: Buffer.from(printed) };
  })();
  const nothing = (): undefined => undefined;
  const stream = { output, done: Promise.resolve({ exitCode, message }), write: nothing, end: nothing, resize: nothing, close: nothing };
  void joinRemote(session, async () => stream, options);
}

test('a command that ends before its client has opened all streams ends every one of them', async () => {
  for (const printed of ['', 'hi\n']) {
    const one = client();
    run(spdySession(one.connection, options), printed, 0);
    await one.open('error');
    await one.open('stdout');
    assert.deepEqual((await one.said()).over, false);
    await one.open('stderr');
    const { data, ended, over } = await one.said();
    assert.deepEqual([data[3] ?? '', JSON.parse(data[1] ?? '{}').status, ended, over], [printed, 'Success', [1, 3, 5], true]);
  }
});

test('what a command prints is read while other streams are still to come', async () => {
  const one = client();
  run(spdySession(one.connection, options), 'hi\n', 3);
  await one.open('stdout');
  assert.deepEqual((await one.said()).data, { 1: 'hi\n' });
  one.connection.receive(dataFrame(1, Buffer.alloc(0), true));
  await one.open('error');
  await one.open('stderr');
  const { data, ended } = await one.said();
  const cause = { reason: 'ExitCode', message: '3' };
  assert.deepEqual([JSON.parse(data[3] ?? '{}').details, ended], [{ causes: [cause] }, [1, 3, 5]]);
});

test('a command that the runtime could not run has no exit code', async () => {
  const one = client();
  run(spdySession(one.connection, options), '', -1, 'exec: "nothere": executable file not found in $PATH');
  for (const type of ['error', 'stdout', 'stderr']) await one.open(type);
  const { data } = await one.said();
  const { reason, message, code, details } = JSON.parse(data[1] ?? '{}');
  assert.deepEqual(
    [reason, message, code, details],
    ['InternalError', 'exec: "nothere": executable file not found in $PATH', 500, undefined],
  );
});
