import { readFile } from 'node:fs/promises';
import type { Machine } from '../machine.ts';
import type { ServiceHost } from '../services/host.ts';
import { filesFor, servicesFor } from '../services/surroundings.ts';
import { unified } from './unified.ts';

/**
 * What would change of how a machine's processes are started and configured, as `diff -u` shows it; empty: nothing.
 * @param context lines shown around each change
 */
export async function differences(machine: Machine, host: Pick<ServiceHost, 'definition'>, context: number): Promise<string> {
  const compared: string[] = [];
  for (const service of servicesFor(machine)) {
    const { path, current = '', wanted } = await host.definition(service);
    const name = `${path} (${service.name})`;
    compared.push(await unified({ before: { name, text: current }, after: { name: 'new command line', text: wanted }, context }));
    for (const [file, text] of Object.entries(await filesFor(service.name, machine))) {
      const before = await readFile(file, 'utf8').catch(() => '');
      compared.push(await unified({ before: { name: file, text: before }, after: { name: 'new file', text }, context }));
    }
  }
  return compared.join('');
}
