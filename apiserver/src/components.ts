import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { Clock } from '@keelson/base';
import type { ComponentCheck } from './http/services.ts';

/** Milliseconds a component has to answer. */
const patience = 5000;

/** The scheduler and the controller manager of this machine, at their usual ports: what ComponentStatus has always told of. */
export function neighbours(clock: Clock): readonly ComponentCheck[] {
  return [healthCheck('scheduler', 10_259, clock), healthCheck('controller-manager', 10_257, clock)];
}

/** Asks `https://127.0.0.1:<port>/healthz`, whoever signed its certificate: a look, from which nothing follows. */
export function healthCheck(name: string, port: number, clock: Clock): ComponentCheck {
  const url = `https://127.0.0.1:${port}/healthz`;
  return {
    name,
    async check() {
      const late = new AbortController();
      const timer = clock.after(patience, () => late.abort());
      const { signal } = late;
      const asked = request(url, { rejectUnauthorized: false, agent: false, signal }).end();
      let [text, status] = ['', 0];
      try {
        const [response] = (await once(asked, 'response', { signal })) as [IncomingMessage];
        for await (const chunk of response.setEncoding('utf8')) text += chunk;
        status = response.statusCode ?? 0;
      } catch (error) {
        throw new Error(`Get "${url}": ${reason(error, port)}`, { cause: error });
      } finally {
        timer.cancel();
      }
      if (status !== 200) throw new Error(text || `HTTP ${status}`);
      return text;
    },
  };
}

function reason(error: unknown, port: number): string {
  if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED')
    return `dial tcp 127.0.0.1:${port}: connect: connection refused`;
  return error instanceof Error ? error.message : String(error);
}
