import { parentPort, workerData } from 'node:worker_threads';
import { errorMessage } from '@keelson/base';
import { parseYaml } from '@keelson/machinery';
import type { Outcome } from './yaml-aside.ts';

/** The thread that reads one large YAML document, so that no other request waits for it. */

function read(text: string): Outcome {
  try {
    return { parsed: parseYaml(text) };
  } catch (error) {
    return { problem: errorMessage(error) };
  }
}

parentPort?.postMessage(read(workerData as string));
