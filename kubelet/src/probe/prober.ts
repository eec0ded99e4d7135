import { connect } from 'node:net';
import { errorMessage } from '@keelson/base';
import { RuntimeError, type Streams } from '../cri/types.ts';
import { checkGrpcHealth } from './grpc.ts';
import { authority, httpGet } from './http.ts';
import type { ProbeOutcome } from './state.ts';
import type { HttpTarget, Target } from './target.ts';

export interface HookAnswer {
  /** Over plain HTTP, where HTTPS was asked for. */
  readonly fellBack: boolean;
}

export interface Prober {
  /** Asks a target once. Never rejects. */
  probe(target: Target, containerId: string, timeoutMs: number): Promise<ProbeOutcome>;
  /** Calls a container's lifecycle hook. @throws Error when nothing answers. */
  callHook(target: HttpTarget, timeoutMs: number): Promise<HookAnswer>;
}

/** How much of an answer is kept for the event. */
const bodyLimit = 10 * 1024;

/** Probes from the node's network, exec through the runtime. */
export function networkProber(streams: Streams): Prober {
  return {
    probe: (target, containerId, timeoutMs) => {
      switch (target.type) {
        case 'exec':
          return probeExec(streams, containerId, target.command, timeoutMs);
        case 'http':
          return probeHttp(target, timeoutMs);
        case 'tcp':
          return probeTcp(target.host, target.port, timeoutMs);
        case 'grpc':
          return checkGrpcHealth(target, timeoutMs);
      }
    },
    callHook,
  };
}

/** For containers that are a model: exec asks the model, whatever would go over a network is well. */
export function modelProber(streams: Streams): Prober {
  return {
    probe: async (target, containerId, timeoutMs) =>
      target.type === 'exec' ? probeExec(streams, containerId, target.command, timeoutMs) : { result: 'success', message: '' },
    callHook: async () => ({ fellBack: false }),
  };
}

export async function probeExec(
  streams: Streams,
  containerId: string,
  command: readonly string[],
  timeoutMs: number,
): Promise<ProbeOutcome> {
  try {
    const { exitCode, stdout, stderr } = await streams.execSync(containerId, command, Math.ceil(timeoutMs / 1000));
    const message = Buffer.concat([stdout, stderr]).subarray(0, bodyLimit).toString();
    return { result: exitCode === 0 ? 'success' : 'failure', message };
  } catch (error) {
    const timedOut = error instanceof RuntimeError && error.code === 'DeadlineExceeded';
    if (timedOut) return { result: 'failure', message: `command timed out: "${command.join(' ')}" timed out after ${timeoutMs / 1000}s` };
    return { result: 'unknown', message: errorMessage(error) };
  }
}

/** Well is what answers 2xx or 3xx; a redirect that is not followed warns. */
export async function probeHttp(target: HttpTarget, timeoutMs: number): Promise<ProbeOutcome> {
  try {
    const { status, body } = await httpGet(target, 'probe', timeoutMs);
    if (status >= 300 && status < 400)
      return { result: 'success', message: `Probe terminated redirects, Response body: ${body}`, warns: true };
    return status >= 200 && status < 300
      ? { result: 'success', message: body }
      : { result: 'failure', message: `HTTP probe failed with statuscode: ${status}` };
  } catch (error) {
    return { result: 'failure', message: `Get "${target.scheme}://${authority(target)}${target.path}": ${errorMessage(error)}` };
  }
}

/** As Kubernetes, which takes any answer at all for a hook that has run, and asks a server that has no TLS again without. */
export async function callHook(target: HttpTarget, timeoutMs: number): Promise<HookAnswer> {
  try {
    await httpGet(target, 'lifecycle', timeoutMs);
    return { fellBack: false };
  } catch (error) {
    if (target.scheme !== 'https' || !isPlainAnswer(error)) throw error;
    const headers = target.headers.filter(([name]) => name.toLowerCase() !== 'authorization');
    await httpGet({ ...target, scheme: 'http', headers }, 'lifecycle', timeoutMs).catch(() => Promise.reject(error));
    return { fellBack: true };
  }
}

/** OpenSSL reads `HTTP/1.1 …` as a record of a version that there is not. */
function isPlainAnswer(error: unknown): boolean {
  return /wrong version number/i.test(errorMessage(error));
}

export function probeTcp(host: string, port: number, timeoutMs: number): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (outcome: ProbeOutcome): void => {
      socket.destroy();
      resolve(outcome);
    };
    socket.on('connect', () => end({ result: 'success', message: '' }));
    socket.on('timeout', () => end({ result: 'failure', message: `dial tcp ${host}:${port}: i/o timeout` }));
    socket.on('error', (error) => end({ result: 'failure', message: `dial tcp ${host}:${port}: ${errorMessage(error)}` }));
  });
}
