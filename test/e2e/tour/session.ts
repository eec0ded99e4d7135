import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { systemClock } from '@keelson/base';

/** What one command printed, on either stream, and how it ended. */
export interface Answer {
  readonly code: number;
  readonly printed: string;
}

export interface SessionOptions {
  /** The words in front of `bash`: where it runs. */
  readonly within: readonly string[];
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A shell at which one command is typed after the other: what a command sets, the next ones have. */
export class Session {
  readonly #shell: ChildProcessWithoutNullStreams;
  #printed = '';
  #heard: () => void = () => undefined;
  #typed = 0;

  constructor({ within, directory, env }: SessionOptions) {
    const [file = '', ...args] = [...within, 'bash', '--noprofile', '--norc'];
    this.#shell = spawn(file, args, { cwd: directory, env });
    const hear = (chunk: Buffer | string): void => {
      this.#printed += chunk;
      this.#heard();
    };
    this.#shell.stdout.setEncoding('utf8').on('data', hear);
    this.#shell.stderr.setEncoding('utf8').on('data', hear);
    this.#shell.on('error', (error) => hear(error.message));
    this.#shell.on('exit', () => this.#heard());
  }

  /** Types a command and waits until it has ended. @throws when the shell ends with it, or after `deadlineMs`. */
  async type(command: string, deadlineMs: number): Promise<Answer> {
    this.#typed += 1;
    const end = `--- ended ${this.#typed}:`;
    this.#printed = '';
    // The command's own input is empty: the shell reads the next one from there.
    this.#shell.stdin.write(`{ ${command}\n} </dev/null 2>&1\nprintf '\\n%s %d\\n' '${end}' $?\n`);
    const late = new AbortController();
    const timer = systemClock.after(deadlineMs, () => late.abort());
    await this.#until(() => this.#printed.includes(end) && this.#printed.endsWith('\n'), late.signal).finally(() => timer.cancel());
    const [printed = '', code] = this.#printed.split(`\n${end}`);
    return { code: Number(code), printed };
  }

  /** Ends the shell; what it started in the background ends with its own work. */
  close(): void {
    this.#heard = () => undefined;
    this.#shell.kill('SIGKILL');
  }

  #until(done: () => boolean, late: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`the command ${why}; it printed:\n${this.#printed}`));
      late.onabort = () => fail('took too long');
      this.#heard = () => {
        if (done()) resolve();
        else if (this.#shell.exitCode !== null || this.#shell.signalCode !== null) fail('ended the shell');
      };
      this.#heard();
    });
  }
}
