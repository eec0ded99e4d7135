import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { errorMessage } from '@keelson/base';
import { RuntimeError, type Streams } from '../cri/types.ts';
import { checkGrpcHealth } from './grpc.ts';
import type { ProbeOutcome } from './state.ts';
import type { Target } from './target.ts';

/** Asks a target once. Never rejects. */
export interface Prober {
  probe(target: Target, containerId: string, timeoutMs: number): Promise<ProbeOutcome>;
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
          return probeHttp(target, timeoutMs, 10);
        case 'tcp':
          return probeTcp(target.host, target.port, timeoutMs);
        case 'grpc':
          return checkGrpcHealth(target, timeoutMs);
      }
    },
  };
}

/** For containers that are a model: exec asks the model, whatever would go over a network is well. */
export function modelProber(streams: Streams): Prober {
  return {
    probe: async (target, containerId, timeoutMs) =>
      target.type === 'exec' ? probeExec(streams, containerId, target.command, timeoutMs) : { result: 'success', message: '' },
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

type HttpTarget = Extract<Target, { type: 'http' }>;

/** GET without verifying certificates; 2xx and 3xx are well. Redirects are followed on the same host only. */
export function probeHttp(target: HttpTarget, timeoutMs: number, redirects: number): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const { scheme, host, port, path } = target;
    const headers: Record<string, string> = { 'User-Agent': 'kube-probe/1.36', Accept: '*/*', Connection: 'close' };
    for (const [name, value] of target.headers) {
      delete headers[Object.keys(headers).find((key) => key.toLowerCase() === name.toLowerCase()) ?? ''];
      if (value !== '' || name.toLowerCase() !== 'accept') headers[name] = value;
    }
    const url = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}${path}`;
    const send = scheme === 'https' ? httpsRequest : httpRequest;
    const fail = (error: unknown): void => resolve({ result: 'failure', message: `Get "${url}": ${errorMessage(error)}` });
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const request = send({ host, port, path, headers, agent: false, rejectUnauthorized: false, signal }, (response) => {
        const status = response.statusCode ?? 0;
        const next =
          redirects > 0 && status >= 300 && status < 400 && response.headers.location
            ? follow(target, response.headers.location)
            : undefined;
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          if (size < bodyLimit) chunks.push(chunk);
          size += chunk.length;
        });
        response.on('error', fail);
        response.on('end', () => {
          if (next) return void probeHttp(next, timeoutMs, redirects - 1).then(resolve);
          const well = status >= 200 && status < 400;
          resolve({
            result: well ? 'success' : 'failure',
            message: well ? Buffer.concat(chunks).toString() : `HTTP probe failed with statuscode: ${status}`,
          });
        });
      });
      request.on('error', (error) =>
        fail(signal.aborted ? new Error('context deadline exceeded (Client.Timeout exceeded while awaiting headers)') : error),
      );
      request.end();
    } catch (error) {
      fail(error);
    }
  });
}

/** Where a redirect leads on the same host; elsewhere it counts as the answer. */
function follow(target: HttpTarget, location: string): HttpTarget | undefined {
  const base = `${target.scheme}://${target.host}:${target.port}${target.path}`;
  const url = URL.parse(location, base);
  if (url?.hostname !== target.host) return undefined;
  const scheme = url.protocol === 'https:' ? 'https' : 'http';
  return { ...target, scheme, port: Number(url.port) || (scheme === 'https' ? 443 : 80), path: url.pathname + url.search };
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
