import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Server, ServerCredentials, type ServerWritableStream, status } from '@grpc/grpc-js';
import { eventually, SimulatedClock } from '@keelson/testing';
import { ContainerEventResponse, RuntimeServiceDefinition } from './codec/cri.ts';
import { GrpcRuntime } from './runtime.ts';

type Answer = (call: ServerWritableStream<Buffer, ContainerEventResponse>) => void;

const event = (id: string): ContainerEventResponse => ({ podSandboxStatus: { id } });

/** A runtime that answers the first request for events with the first answer, and so on. */
async function serve(answers: Answer[]): Promise<{ socket: string; calls: () => number; stop: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'cri-'));
  const socket = join(directory, 'cri.sock');
  const server = new Server();
  let calls = 0;
  const definition = {
    path: `/${RuntimeServiceDefinition.fullName}/GetContainerEvents`,
    requestStream: false,
    responseStream: true,
    requestDeserialize: (bytes: Buffer) => bytes,
    requestSerialize: (bytes: Buffer) => bytes,
    responseSerialize: (message: ContainerEventResponse) => Buffer.from(ContainerEventResponse.encode(message).finish()),
    responseDeserialize: (bytes: Buffer) => ContainerEventResponse.decode(bytes),
  };
  const getContainerEvents: Answer = (call) => {
    calls += 1;
    answers[calls - 1]?.(call);
  };
  server.addService({ getContainerEvents: definition }, { getContainerEvents });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix://${socket}`, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve()));
  });
  const stop = async (): Promise<void> => {
    server.forceShutdown();
    await rm(directory, { recursive: true });
  };
  return { socket, calls: () => calls, stop };
}

const fail = (call: Parameters<Answer>[0], code: status): void => void call.emit('error', { code, details: 'over' });

test('events are listened to again when they break, and given up where there are none', async () => {
  const { socket, calls, stop } = await serve([
    (call) => call.write(event('one'), () => fail(call, status.UNAVAILABLE)),
    (call) => call.write(event('two'), () => fail(call, status.UNIMPLEMENTED)),
  ]);
  const clock = new SimulatedClock();
  const runtime = new GrpcRuntime({ socket, clock });
  const seen: string[] = [];
  runtime.events(new AbortController().signal, (sandboxId) => seen.push(sandboxId));
  await eventually(() => clock.pending === 1);
  assert.deepEqual(seen, ['one']);
  await clock.advance(1000);
  await eventually(() => seen.length === 2);
  await clock.settle();
  assert.deepEqual([seen, calls(), clock.pending], [['one', 'two'], 2, 0]);
  runtime.close();
  await stop();
});

test('an aborted listener is told nothing more', async () => {
  let cancelled = false;
  const { socket, stop } = await serve([
    (call) => {
      call.on('cancelled', () => {
        cancelled = true;
      });
      call.write(event('one'));
    },
  ]);
  const clock = new SimulatedClock();
  const runtime = new GrpcRuntime({ socket, clock });
  const abort = new AbortController();
  runtime.events(abort.signal, () => abort.abort());
  await eventually(() => cancelled);
  await clock.settle();
  assert.equal(clock.pending, 0);
  runtime.close();
  await stop();
});
