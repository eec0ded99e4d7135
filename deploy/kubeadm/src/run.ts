import { errorMessage, systemClock, systemRandom } from '@keelson/base';
import { addSbin } from '@keelson/deploy-local';
import { program } from './commands/index.ts';

/**
 * kubeadm as a function of its arguments. Resolves to the exit code: 0, or 1 after one message on standard error. What the command line
 * itself cannot mean, and help, end the process.
 */
export async function run(args: readonly string[], signal: AbortSignal): Promise<number> {
  addSbin();
  const print = (text: string): void => void process.stdout.write(text);
  const warn = (text: string): void => void process.stderr.write(text);
  try {
    await program({ clock: systemClock, random: systemRandom, print, warn, signal }).parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    process.stderr.write(`error: ${errorMessage(error)}\n`);
    return 1;
  }
}
