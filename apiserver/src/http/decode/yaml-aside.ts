import { Worker } from 'node:worker_threads';
import { systemClock } from '@keelson/base';
import { parseYaml, type YamlDocument } from '@keelson/machinery';

/** Characters that are read at once: to start a thread costs more. */
const atOnce = 8 * 1024;
/** Threads at a time; further documents wait for one to end. */
const mostThreads = 2;
/** Milliseconds and megabytes one document may take; three mebibytes of ordinary YAML take a fraction of either. */
const longest = 30_000;
const heap = 512;

/** What a thread sends back. */
export type Outcome = { readonly parsed: YamlDocument } | { readonly problem: string };

let threads = 0;
const waiting: (() => void)[] = [];

/**
 * Reads YAML as `parseYaml` does. A large document is read in a thread of its own: a megabyte takes a second and some documents are made to
 * take minutes, in which this process would answer nobody. The thread's time is the machine's, whatever clock the cluster has.
 * @throws Error as `parseYaml`, or when it takes too long.
 */
export async function parseYamlAside(text: string): Promise<YamlDocument> {
  if (text.length <= atOnce) return parseYaml(text);
  if (threads >= mostThreads) await new Promise<void>((resolve) => waiting.push(resolve));
  else threads++;
  try {
    const outcome = await inThread(text);
    if ('parsed' in outcome) return outcome.parsed;
    throw new Error(outcome.problem);
  } finally {
    const next = waiting.shift();
    if (next) next();
    else threads--;
  }
}

function inThread(text: string): Promise<Outcome> {
  const bundled = !import.meta.url.endsWith('.ts');
  const file = bundled ? new URL('./yaml-worker.js', import.meta.url) : new URL('./yaml-worker.ts', import.meta.url);
  const worker = new Worker(file, { workerData: text, resourceLimits: { maxOldGenerationSizeMb: heap } });
  return new Promise<Outcome>((resolve) => {
    const timer = systemClock.after(longest, () => end('the document takes too long to read'));
    const finish = (outcome: Outcome): void => {
      timer.cancel();
      resolve(outcome);
    };
    const end = (problem: string): void => {
      finish({ problem: `error converting YAML to JSON: yaml: ${problem}` });
      void worker.terminate();
    };
    worker.on('message', finish);
    worker.on('error', ({ message }) => end(message));
    worker.on('exit', () => end('the document could not be read'));
  });
}
