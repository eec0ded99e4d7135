/** What kubectl uses of tar-stream 2, which comes without types. */
declare module 'tar-stream' {
  import type { Readable, Writable } from 'node:stream';

  export interface Headers {
    name: string;
    size?: number;
    mode?: number;
    mtime?: Date;
    type?: 'file' | 'directory' | 'symlink' | 'link' | (string & {});
    linkname?: string | null;
  }

  export interface Pack extends Readable {
    /** A file's contents are written to what is returned. */
    entry(headers: Headers, callback?: (error?: Error | null) => void): Writable;
    finalize(): void;
  }

  export interface Extract extends Writable {
    on(event: 'entry', listener: (headers: Headers, stream: Readable, next: (error?: unknown) => void) => void): this;
    on(event: string, listener: (...args: never[]) => void): this;
  }

  const tar: { pack(): Pack; extract(): Extract };
  export default tar;
}
