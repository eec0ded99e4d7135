import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';

interface Surroundings {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly timeout?: number;
}

/** Runs a program and returns what it printed. @throws with its output when it fails or takes too long. */
export function must(file: string, args: readonly string[], { cwd, env, timeout = 600_000 }: Surroundings = {}): Promise<string> {
  return new Promise((done, fail) => {
    const options = { cwd, timeout, env: { ...process.env, ...env }, maxBuffer: 256 * 1024 * 1024 };
    execFile(file, [...args], options, (error, stdout, stderr) => {
      if (error) fail(new Error(`${file} ${args.join(' ')}: ${error.message}\n${stdout.slice(-2_000)}${stderr.slice(-2_000)}`));
      else done(stdout);
    });
  });
}

export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
