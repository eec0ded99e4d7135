/**
 * Loaded before every test file: ends it when it takes longer than a whole file may, and says what kept it. Node's own limit is for a test;
 * a file whose tests are all done, but that left a server listening, would hold up the whole run.
 */

import { isMainThread } from 'node:worker_threads';

/** Milliseconds. */
const limit = 20 * 60_000;

if (isMainThread) {
  const timer = setTimeout(() => {
    console.error(`not done after ${limit / 60_000} min; what is still open: ${process.getActiveResourcesInfo().join(', ')}`);
    process.exit(1);
  }, limit);
  timer.unref();
}
