import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { mendHeaders } from './authority.ts';
import { RegistrationDefinition } from './codec/deviceplugin.ts';
import { serveSocket } from './server.ts';

const { register } = RegistrationDefinition.methods;
const nothing = register.requestType.decode(new Uint8Array());

async function setUp(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'kubelet-grpc-'));
  const socket = join(directory, 'x.sock');
  const answers = { register: async () => ({}) };
  const close = await serveSocket(socket, [{ name: 'v1beta1.Registration', definition: RegistrationDefinition, answers }]);
  t.after(async () => {
    close();
    await rm(directory, { recursive: true, force: true });
  });
  return socket;
}

function call(client: Client): Promise<unknown> {
  const encode = (value: typeof nothing): Buffer => Buffer.from(register.requestType.encode(value).finish());
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, answer: unknown): void => (error ? reject(error) : resolve(answer));
    const decode = (bytes: Buffer): object => register.responseType.decode(bytes);
    client.makeUnaryRequest('/v1beta1.Registration/Register', encode, decode, nothing, new Metadata(), {}, done);
  });
}

test('clients may call the socket by its path, as programs over older gRPC for Go do', async (t) => {
  const socket = await setUp(t);
  const names = [
    'localhost',
    '/var/lib/kubelet/device-plugins/kubelet.sock',
    'unix:///run/A_z-9.sock',
    '%2Fvar%2Fx.sock',
    "/a&b*c,d;XZ!e(f)+'g$h[1]~.sock",
  ];
  for (const name of names) {
    const client = new Client(`unix://${socket}`, credentials.createInsecure(), { 'grpc.default_authority': name });
    // The second call names it by what the first has said.
    for (let turn = 0; turn < 2; turn++) assert.deepEqual(await call(client), {}, name);
    client.close();
  }
});

test('of a frame of headers only the authority changes, and no length', () => {
  const path = Buffer.from([0x44, 4, ...Buffer.from('/a/b')]);
  const indexed = Buffer.from([0x83]);
  const authority = Buffer.from([0x41, 6, ...Buffer.from('/x/y.s')]);
  const other = Buffer.from([0x00, 1, 0x78, 2, ...Buffer.from('/z')]);
  const block = Buffer.concat([indexed, path, authority, other]);
  const frame = (set: number, before: readonly number[], after: readonly number[]): Buffer =>
    Buffer.from([0, 0, before.length + block.length + after.length, 1, set, 0, 0, 0, 1, ...before, ...block, ...after]);
  for (const [set, before, after] of [
    [0x04, [], []],
    [0x04 | 0x20, [0, 0, 0, 0, 9], []],
    [0x04 | 0x08, [2], [0, 0]],
  ] as const) {
    const mended = frame(set, before, after);
    const wanted = Buffer.from(mended.toString('latin1').replace('/x/y.s', '.x.y.s'), 'latin1');
    mendHeaders(mended);
    assert.deepEqual(mended, wanted);
  }
});
