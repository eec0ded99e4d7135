import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constants, inflateSync } from 'node:zlib';
import { systemClock } from '@keelson/base';
import { containerSample, sandboxSample } from '../conformance/samples.ts';
import { codeName } from './client.ts';
import * as cri from './codec/cri.ts';
import { outcome } from './outcome.ts';
import { containerConfig, sandboxConfig } from './requests.ts';
import { containerState, runtimeInfo, sandboxStatus } from './responses.ts';
import { GrpcRuntime } from './runtime.ts';
import { dataFrame, FrameReader, pingFrame, synStreamFrame } from './spdy/frames.ts';

test('status codes have the names that Go gives them', () => {
  assert.deepEqual([0, 1, 2, 4, 5, 14, 99].map(codeName), [
    'Ok',
    'Canceled',
    'Unknown',
    'DeadlineExceeded',
    'NotFound',
    'Unavailable',
    'Unknown',
  ]);
});

test('a sandbox and a container survive the wire', () => {
  const sandbox = sandboxConfig(
    sandboxSample('pod', {
      portMappings: [{ protocol: 'UDP', containerPort: 53, hostPort: 5353, hostIP: '' }],
      sysctls: { 'net.core.somaxconn': '1' },
    }),
  );
  assert.deepEqual(cri.PodSandboxConfig.decode(cri.PodSandboxConfig.encode(sandbox).finish()), sandbox);
  assert.equal(sandbox.portMappings[0]?.protocol, cri.Protocol.UDP);
  const mounts = [{ containerPath: '/data', hostPath: '/host', readonly: true, propagation: 'bidirectional' as const }];
  const container = containerConfig(containerSample('main', 'image', ['run'], { mounts }));
  assert.deepEqual(cri.ContainerConfig.decode(cri.ContainerConfig.encode(container).finish()), container);
  assert.equal(container.mounts[0]?.propagation, cri.MountPropagation.PROPAGATION_BIDIRECTIONAL);
  assert.deepEqual(container.linux?.securityContext?.seccomp, {
    profileType: cri.SecurityProfile_ProfileType.Unconfined,
    localhostRef: '',
  });
});

test('zero is a user; no user is none', () => {
  const { security } = sandboxSample('pod');
  const user = (runAsUser: number | undefined) =>
    sandboxConfig(sandboxSample('pod', { security: { ...security, runAsUser } })).linux?.securityContext?.runAsUser;
  assert.deepEqual(user(0), { value: 0n });
  assert.equal(user(undefined), undefined);
});

test('times are milliseconds and unset ones are 0', () => {
  const message: cri.ContainerStatus = {
    id: 'c',
    metadata: { name: 'main', attempt: 2 },
    state: cri.ContainerState.CONTAINER_EXITED,
    createdAt: 1_700_000_000_123_456_789n,
    startedAt: 0n,
    finishedAt: -6_795_364_578_871_345_152n,
    exitCode: 137,
    image: { image: 'busybox' },
    imageRef: 'sha256:1',
    reason: 'OOMKilled',
    message: '',
    labels: {},
    annotations: {},
    logPath: '/var/log/x',
  };
  const state = containerState(message, 's');
  assert.partialDeepStrictEqual(state, {
    createdAt: 1_700_000_000_123,
    startedAt: 0,
    finishedAt: 0,
    phase: 'exited',
    reason: 'OOMKilled',
    sandboxId: 's',
  });
});

test('a sandbox has all its addresses', () => {
  const network = { ip: '10.1.0.2', additionalIps: [{ ip: 'fd00::2' }] };
  const message = {
    id: 's',
    metadata: undefined,
    state: cri.PodSandboxState.SANDBOX_READY,
    createdAt: 0n,
    network,
    labels: {},
    annotations: {},
  };
  assert.deepEqual(sandboxStatus(message).ips, ['10.1.0.2', 'fd00::2']);
  assert.deepEqual(sandboxStatus({ ...message, network: undefined }).ips, []);
});

test('a runtime that is not ready says why', () => {
  const version = { runtimeName: 'containerd', runtimeVersion: 'v2.1.0' };
  const ready = { type: 'RuntimeReady', status: true, reason: '', message: '' };
  const network = { type: 'NetworkReady', status: false, reason: 'NetworkPluginNotReady', message: 'cni plugin not initialized' };
  assert.deepEqual(runtimeInfo(version, [ready, network]), {
    name: 'containerd',
    version: 'v2.1.0',
    ready: true,
    networkReady: false,
    message: 'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:cni plugin not initialized',
  });
});

test('how a stream ended is read from its Status', () => {
  const failed = {
    status: 'Failure',
    reason: 'NonZeroExitCode',
    message: 'it failed',
    details: { causes: [{ reason: 'ExitCode', message: '7' }] },
  };
  assert.deepEqual(outcome('{"metadata":{},"status":"Success"}'), { exitCode: 0, message: '' });
  assert.deepEqual(outcome(JSON.stringify(failed)), { exitCode: 7, message: 'it failed' });
  assert.deepEqual(outcome('{"status":"Failure","reason":"InternalError","message":"no"}'), { exitCode: -1, message: 'no' });
  assert.deepEqual(outcome('plain words'), { exitCode: -1, message: 'plain words' });
  assert.equal(outcome('').exitCode, -1);
});

test('SPDY frames are read whole from whatever pieces arrive', () => {
  const bytes = Buffer.concat([
    dataFrame(3, Buffer.from('hello'), false),
    pingFrame(2),
    synStreamFrame(1, {}, true),
    dataFrame(3, Buffer.alloc(0), true),
  ]);
  const whole = new FrameReader().read(bytes);
  assert.deepEqual(whole, [
    { type: 'data', stream: 3, data: Buffer.from('hello'), last: false },
    { type: 'ping', id: 2 },
    { type: 'data', stream: 3, data: Buffer.alloc(0), last: true },
  ]);
  const reader = new FrameReader();
  assert.deepEqual(
    Array.from(bytes).flatMap((byte) => reader.read(Buffer.from([byte]))),
    whole,
  );
});

test('header blocks of one connection are one zlib stream', () => {
  const blocks = [synStreamFrame(1, { streamType: 'error' }, true), synStreamFrame(3, { port: '80' }, false)].map((frame) =>
    frame.subarray(18),
  );
  const text = inflateSync(Buffer.concat(blocks), { finishFlush: constants.Z_SYNC_FLUSH }).toString('latin1');
  assert.equal(text, '\0\0\0\x01\0\0\0\x0astreamtype\0\0\0\x05error\0\0\0\x01\0\0\0\x04port\0\0\0\x0280');
});

test('a runtime that is not there is Unavailable', async () => {
  const runtime = new GrpcRuntime({ socket: 'unix:///nonexistent/containerd.sock', clock: systemClock });
  await assert.rejects(runtime.info(), { name: 'RuntimeError', code: 'Unavailable' });
  runtime.close();
});
