import { type Paths, terminationLogPath } from '../config/paths.ts';
import type { ContainerState } from '../cri/types.ts';
import { annotations } from '../pod/annotations.ts';
import { parseLogLine } from '../server/logs/format.ts';
import type { Host } from '../volume/host.ts';

/** Bytes of a container's own termination message that are kept: its last ones. */
const fileBytes = 4096;
/** Bytes and entries of a log that stand for a termination message. */
const logBytes = 2048;
const logLines = 80;
/** Holds the last 2 KiB of text even where they stand in one entry of the runtime's largest, 16 KiB, or in eighty tiny ones. */
const tailBytes = 65_536;

/**
 * Completes an ended container's state with its termination message, after what the runtime says of its end: its file, or by policy the
 * end of the log of a container that failed.
 */
export async function withLastWords(host: Pick<Host, 'readTail'>, paths: Paths, container: ContainerState): Promise<ContainerState> {
  const uid = container.labels['io.kubernetes.pod.uid'] ?? '';
  const file = await host.readTail(terminationLogPath(paths, uid, container.name, container.attempt), fileBytes);
  const policy = container.annotations[annotations.terminationMessagePolicy];
  const fallBack = policy === 'FallbackToLogsOnError' && container.exitCode !== 0 && !file?.length;
  const words = fallBack ? endOfLog((await host.readTail(container.logPath, tailBytes)) ?? Buffer.alloc(0)) : String(file ?? '');
  return words === '' ? container : { ...container, message: [container.message, words].filter(Boolean).join(': ') };
}

/** What the last 80 entries of a log in the runtime's format say, at most 2 KiB of it. Only an entry that is whole ends a line. */
export function endOfLog(log: Buffer): string {
  const newline = Buffer.from('\n');
  const pieces = lines(log)
    .slice(-logLines)
    .flatMap((line) => {
      const entry = parseLogLine(line);
      return entry ? [entry.text, ...(entry.partial ? [] : [newline])] : [];
    });
  return Buffer.concat(pieces).subarray(-logBytes).toString();
}

/** An unfinished last line counts: its writer may have died. */
function lines(log: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < log.length; ) {
    const end = log.indexOf(0x0a, at);
    found.push(log.subarray(at, end < 0 ? log.length : end));
    at = end < 0 ? log.length : end + 1;
  }
  return found;
}
