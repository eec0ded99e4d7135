import type { ServerResponse } from 'node:http';
import type { PodRecord } from '../../worker/record.ts';
import { findLogged, RequestError } from '../find.ts';
import type { LogSource } from './files.ts';
import { LogSelection, parseLogQuery } from './select.ts';

/** Answers `/containerLogs/…`: the container's log from where it was asked for, until its end or, following, until the container's. */
export async function serveLogs(
  source: LogSource,
  record: PodRecord,
  container: string,
  query: URLSearchParams,
  now: number,
  response: ServerResponse,
): Promise<void> {
  const wanted = parse(query, now);
  const instance = findLogged(record, container, wanted.previous);
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const alive = (): boolean => record.observed.containers.some((each) => each.id === instance.id && each.phase === 'running');
  const selection = new LogSelection(wanted);
  response.writeHead(200, { 'content-type': 'text/plain', 'transfer-encoding': 'chunked' });
  response.flushHeaders();
  try {
    for await (const entry of source.read(instance.logPath, instance.id, {
      follow: wanted.follow,
      tailLines: wanted.tailLines,
      signal: gone.signal,
      alive,
    })) {
      const bytes = selection.take(entry);
      if (bytes && bytes.length > 0 && !response.write(bytes)) await drained(response);
      if (selection.full || gone.signal.aborted) break;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    response.write(`failed to try resolving symlinks in path "${instance.logPath}": no such file or directory`);
  }
  response.end();
}

function parse(query: URLSearchParams, now: number): ReturnType<typeof parseLogQuery> {
  try {
    return parseLogQuery(query, now);
  } catch (error) {
    throw new RequestError(422, error instanceof Error ? error.message : String(error));
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}
