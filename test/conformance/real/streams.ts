import assert from 'node:assert/strict';
import type { RequestOptions } from 'node:https';
import { systemClock } from '@keelson/base';
import { WebSocket } from 'ws';
import type { Context } from '../context.ts';
import { podsOf } from '../pods.ts';
import type { Specs } from '../specs.ts';
import { lasting, printed, shell, started } from './run.ts';

/** What a WebSocket said until it was closed. */
interface Said {
  readonly protocol: string;
  readonly frames: readonly Buffer[];
}

/** Asks for a stream of a pod. @throws when it is refused or goes on for a minute. */
async function stream(c: Context, path: string, protocol: string): Promise<Said> {
  const server = c.config.getCurrentCluster()?.server.replace(/^http/, 'ws');
  const options: RequestOptions = {};
  await c.config.applyToHTTPSOptions(options);
  const socket = new WebSocket(`${server}${podsOf(c).path}/${path}`, [protocol], options as object);
  return new Promise((done, fail) => {
    const frames: Buffer[] = [];
    const late = systemClock.after(60_000, () => socket.terminate());
    socket.on('message', (data) => frames.push(data as Buffer));
    socket.on('error', fail);
    socket.on('close', () => {
      late.cancel();
      done({ protocol: socket.protocol, frames });
    });
  });
}

/** The bytes of each channel; a frame's first byte names it. */
function channels({ frames }: Said): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const frame of frames.filter(({ length }) => length > 0))
    found.set(frame[0] ?? 0, `${found.get(frame[0] ?? 0) ?? ''}${frame.subarray(1)}`);
  return found;
}

export const streams: Specs = {
  async '[sig-node] Pods should support remote command execution over websockets [NodeConformance]'(c) {
    await started(c, lasting('exec', [shell('echo container is alive; sleep 600')]));
    const query = new URLSearchParams([
      ['stderr', '1'],
      ['stdout', '1'],
      ['container', 'main'],
      ['command', 'echo'],
      ['command', 'remote execution test'],
    ]);
    // The oldest protocol is what upstream's spec asks for: its success is silence.
    const oldest = await stream(c, `exec/exec?${query}`, 'channel.k8s.io');
    assert.equal(oldest.protocol, 'channel.k8s.io');
    assert.deepEqual([...channels(oldest)], [[1, 'remote execution test\n']]);
    const newer = channels(await stream(c, `exec/exec?${query}`, 'v4.channel.k8s.io'));
    assert.equal(newer.get(1), 'remote execution test\n');
    assert.deepEqual(JSON.parse(newer.get(3) ?? '{}'), { metadata: {}, status: 'Success' });
  },

  async '[sig-node] Pods should support retrieving logs from the container over websockets [NodeConformance]'(c) {
    await started(c, lasting('logs', [shell('echo container is alive; sleep 10000')]));
    await printed(c, 'logs', 'alive');
    const { protocol, frames } = await stream(c, 'logs/log?container=main', 'binary.k8s.io');
    assert.equal(protocol, 'binary.k8s.io');
    assert.equal(Buffer.concat(frames).toString(), 'container is alive\n');
  },
};
