import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
}

/**
 * Opens a text in the user's editor and hands what became of it to `save`. What `save` throws is shown above the text, which is opened
 * again. A text that is left as it was, or emptied, is not saved.
 * @throws Error when what was refused is given back unchanged.
 */
export async function editText(
  shell: Shell,
  { name, extension, text: original }: EditedText,
  save: (edited: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'kubectl-edit-'));
  const file = join(folder, `${name}.${extension}`);
  try {
    let text = original;
    let problem = '';
    for (;;) {
      await writeFile(file, extension === 'json' ? text : preamble + problem + text);
      await runEditor(shell, file);
      const edited = withoutComments(await readFile(file, 'utf8'));
      if (edited.trim() === '' || edited === withoutComments(original))
        return void shell.stderr.write('Edit cancelled, no changes made.\n');
      if (problem !== '' && edited === withoutComments(text)) throw new Error('Edit cancelled, no valid changes were saved.');
      try {
        return await save(edited);
      } catch (error) {
        problem = `${(error as Error).message.replaceAll(/^/gm, '# ')}\n#\n`;
        text = edited;
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
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
