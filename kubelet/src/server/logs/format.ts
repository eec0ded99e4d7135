/** One line of a container log as the runtime writes it: `<RFC3339Nano> stdout|stderr F|P text`. */
export interface LogEntry {
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  /** The rest of the line comes in the next entry. */
  readonly partial: boolean;
  readonly text: Buffer;
}

/** Reads one line, without its newline; undefined for what is none, as after a crash of the writer. */
export function parseLogLine(line: Buffer): LogEntry | undefined {
  const time = line.indexOf(0x20);
  const stream = line.indexOf(0x20, time + 1);
  if (time < 0 || stream < 0) return undefined;
  const tags = line.indexOf(0x20, stream + 1);
  const name = line.toString('latin1', time + 1, stream);
  if (name !== 'stdout' && name !== 'stderr') return undefined;
  const end = tags < 0 ? line.length : tags;
  const partial = line.toString('latin1', stream + 1, end).split(':')[0] === 'P';
  return { time: line.toString('latin1', 0, time), stream: name, partial, text: tags < 0 ? Buffer.alloc(0) : line.subarray(tags + 1) };
}

/** Splits what arrives into lines; keeps an unfinished one for the next piece. */
export class LineSplitter {
  #rest: Buffer = Buffer.alloc(0);

  *push(data: Buffer): Generator<Buffer> {
    let buffer = this.#rest.length > 0 ? Buffer.concat([this.#rest, data]) : data;
    for (let at = buffer.indexOf(0x0a); at >= 0; at = buffer.indexOf(0x0a)) {
      yield buffer.subarray(0, at);
      buffer = buffer.subarray(at + 1);
    }
    this.#rest = buffer;
  }
}
