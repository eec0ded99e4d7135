import { enableCompileCache } from 'node:module';

// The cache serves only what is imported after it.
enableCompileCache();
const { run } = await import('./run.ts');

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort(new Error(`stopped by ${name}`)));

const code = await run(process.argv.slice(2), stop.signal);
// Written pipes are flushed before the process may end; connections that are kept open must not hold it.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
