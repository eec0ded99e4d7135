import { enableCompileCache } from 'node:module';

// The cache serves only what is imported after it.
enableCompileCache();
const { run } = await import('./run.ts');

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    stop.abort();
    process.exitCode = 130;
    // Whoever waits on a socket ends at the abort; whoever does not ends here.
    setImmediate(() => process.exit(130));
  });
}
// A reader that has gone, as `head` does, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const code = await run(process.argv.slice(2), { signal: stop.signal });
// Written pipes are flushed before the process may end; idle connections must not hold it.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
