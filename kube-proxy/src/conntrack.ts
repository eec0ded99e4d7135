import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { errorMessage, type Logger } from '@keelson/base';
import type { StaleFlow } from './model/conntrack.ts';

const run = promisify(execFile);

/** The kernel's table of connections. */
export interface Conntrack {
  /** Forgets `flows`. Never throws: rules are right without it, only old UDP clients would wait for their entry's timeout. */
  forget(flows: readonly StaleFlow[]): Promise<void>;
}

export const noConntrack: Conntrack = { forget: async () => undefined };

/** Arguments of `conntrack` that delete the entries of `flow`. Options about ports are known only behind the protocol. */
export function deletion(flow: StaleFlow): string[] {
  const to = flow.address === undefined ? ['--orig-port-dst', String(flow.nodePort)] : ['--orig-dst', flow.address];
  return ['-D', '-p', 'udp', ...to, ...(flow.endpoint === undefined ? [] : ['--dst-nat', flow.endpoint])];
}

/** The table of this process's network namespace, by the program `conntrack`; `command` is how to start it. */
export function kernelConntrack(log: Logger, command: readonly string[] = ['conntrack']): Conntrack {
  const [file = '', ...first] = command;
  let missing = false;
  return {
    async forget(flows) {
      for (const flow of flows) {
        if (missing) return;
        try {
          await run(file, [...first, ...deletion(flow)]);
        } catch (error) {
          const message = errorMessage(error);
          missing = (error as { code?: unknown }).code === 'ENOENT';
          if (missing) log.warn('conntrack is not installed: UDP clients of removed endpoints wait for their entries to time out');
          else if (!message.includes('0 flow entries'))
            log.warn('conntrack entries could not be deleted', { flow: JSON.stringify(flow), err: error });
        }
      }
    },
  };
}
