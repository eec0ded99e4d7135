import { enableCompileCache } from 'node:module';

// The cache serves only what is imported after it.
enableCompileCache();
const { errorMessage, systemClock, systemRandom } = await import('@keelson/base');
const { addSbin } = await import('@keelson/deploy-local');
const { program } = await import('./commands/index.ts');

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort(new Error(`stopped by ${name}`)));
addSbin();

const print = (text: string): void => void process.stdout.write(text);
try {
  await program({ clock: systemClock, random: systemRandom, print, signal: stop.signal }).parseAsync();
} catch (error) {
  process.stderr.write(`error: ${errorMessage(error)}\n`);
  process.exitCode = 1;
}
// Written pipes are flushed before the process may end; connections that are kept open must not hold it.
process.stdout.write('', () => process.stderr.write('', () => process.exit()));
