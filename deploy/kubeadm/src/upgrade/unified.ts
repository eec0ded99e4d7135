import { type ExecFileException, execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Two texts and what they are called. */
export interface Compared {
  readonly before: { readonly name: string; readonly text: string };
  readonly after: { readonly name: string; readonly text: string };
  /** Lines shown around each change. */
  readonly context: number;
}

/** How one text becomes the other, as `diff -u` shows it; empty when they are the same. @throws Error where there is no `diff`. */
export async function unified({ before, after, context }: Compared): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'kubeadm-diff-'));
  try {
    const [old, wanted] = [join(directory, 'before'), join(directory, 'after')];
    await Promise.all([writeFile(old, before.text), writeFile(wanted, after.text)]);
    return await diff(['--text', `--unified=${context}`, '--label', before.name, '--label', after.name, old, wanted]);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Exit code 1 says that there are differences: what fails says more. */
function diff(args: readonly string[]): Promise<string> {
  const options = { maxBuffer: Number.POSITIVE_INFINITY, env: { ...process.env, LC_ALL: 'C' } };
  return new Promise((resolve, reject) => {
    execFile('diff', args, options, (error: ExecFileException | null, stdout, stderr) => {
      if (!error || error.code === 1) resolve(stdout);
      else if (error.code === 'ENOENT') reject(new Error('diff is not installed: apt-get install diffutils'));
      else reject(new Error(`diff failed: ${stderr.trim() || error.message}`));
    });
  });
}
