import { spawn } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomSuffix } from '@keelson/base';
import { ApiError } from '@keelson/client';
import type { Shell } from '../types.ts';

const preamble = `# Lines that begin with '#' are ignored, and an empty file aborts the edit. If the server refuses the
# change, the file is opened again with the reason.
#
`;

export interface EditedText {
  /** Of the file, without its extension. */
  readonly name: string;
  /** JSON has no comments: it is shown as it is. */
  readonly extension: 'json' | 'yaml';
  readonly text: string;
  /** Lines end as they do on Windows. */
  readonly crlf?: boolean;
}

/**
 * Opens a text in the user's editor and hands what became of it to `save`. What `save` throws is shown above the text, which is opened
 * again, unless no other text could help. A text that is left as it was, or emptied, is not saved.
 * @throws Error when what was refused is given back unchanged.
 */
export async function editText(
  shell: Shell,
  { name, extension, text: original, crlf = false }: EditedText,
  save: (edited: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'kubectl-edit-'));
  const file = join(folder, `${name}.${extension}`);
  try {
    let text = original;
    let problem = '';
    for (;;) {
      const shown = extension === 'json' ? text : preamble + problem + text;
      await writeFile(file, crlf ? shown.replaceAll('\n', '\r\n') : shown);
      await runEditor(shell, file);
      const edited = withoutComments((await readFile(file, 'utf8')).replaceAll('\r\n', '\n'));
      if (edited.trim() === '' || edited === withoutComments(original))
        return void shell.stderr.write('Edit cancelled, no changes made.\n');
      if (problem !== '' && edited === withoutComments(text)) {
        await keepCopy(shell, file, extension);
        throw new Error('Edit cancelled, no valid changes were saved.');
      }
      try {
        return await save(edited);
      } catch (error) {
        if (error instanceof ApiError && error.reason !== 'Invalid') {
          await keepCopy(shell, file, extension);
          throw error;
        }
        problem = `${(error as Error).message.replaceAll(/^/gm, '# ')}\n#\n`;
        text = edited;
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** So that nothing of the user's work is lost with what could not be saved. */
async function keepCopy({ random, stderr }: Shell, file: string, extension: string): Promise<void> {
  const copy = join(tmpdir(), `kubectl-edit-${randomSuffix(random)}.${extension}`);
  await copyFile(file, copy);
  stderr.write(`A copy of your changes has been stored to ${JSON.stringify(copy)}\n`);
}

function withoutComments(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');
}

function runEditor({ env }: Shell, file: string): Promise<void> {
  const editor = env.KUBE_EDITOR || env.EDITOR || 'vi';
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', `${editor} "$1"`, editor, file], { stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`there was a problem with the editor ${JSON.stringify(editor)}`)),
    );
  });
}
