import { spawn } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { randomSuffix } from '@keelson/base';
import { ApiError } from '@keelson/client';
import { inOrder, toYaml } from '@keelson/machinery';
import { kyamlText } from '../printers/kyaml.ts';
import { jsonText } from '../printers/objects.ts';
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

/** What no other text could help: the text is kept, the user told where, and the cause is what the verb ends with. */
export class Unsaved extends Error {
  readonly told: (copy: string) => string;

  constructor(cause: unknown, told = (copy: string): string => `A copy of your changes has been stored to ${JSON.stringify(copy)}\n`) {
    super('unsaved', { cause });
    this.name = 'Unsaved';
    this.told = told;
  }
}

/** Of `-o`, which says in what format a text is edited. @throws Error in kubectl's words for a format that there is not. */
export function requireEditable(output: string): void {
  if (['', 'json', 'kyaml', 'yaml'].includes(output)) return;
  throw new Error(
    `unable to match a printer suitable for the output format ${JSON.stringify(output)}, allowed formats are: json,kyaml,yaml`,
  );
}

/** A value as it is edited. @param output what `requireEditable` lets through. */
export function editable(output: string, value: unknown): Pick<EditedText, 'extension' | 'text'> {
  if (output === 'json') return { extension: 'json', text: jsonText(value) };
  return { extension: 'yaml', text: output === 'kyaml' ? kyamlText(inOrder(value)) : toYaml(value) };
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
      if (problem !== '' && edited === withoutComments(text))
        throw await kept(shell, file, new Unsaved(new Error('Edit cancelled, no valid changes were saved.')));
      try {
        return await save(edited);
      } catch (error) {
        if (error instanceof Unsaved) throw await kept(shell, file, error);
        if (error instanceof ApiError && error.reason !== 'Invalid') throw await kept(shell, file, new Unsaved(error));
        problem = `${(error as Error).message.replaceAll(/^/gm, '# ')}\n#\n`;
        text = edited;
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Answers the cause, after a copy was made, so that nothing of the user's work is lost with what could not be saved. */
async function kept({ random, stderr }: Shell, file: string, { cause, told }: Unsaved): Promise<unknown> {
  const copy = join(tmpdir(), `kubectl-edit-${randomSuffix(random)}${extname(file)}`);
  await copyFile(file, copy);
  stderr.write(told(copy));
  return cause;
}

function withoutComments(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');
}

/** How a shell ends that has not found what it was to run. */
const notFound = 127;

function runEditor({ env }: Shell, file: string): Promise<void> {
  const editor = env.KUBE_EDITOR || env.EDITOR || 'vi';
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', `${editor} "$1"`, editor, file], { stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code) => {
      const trouble = code === notFound ? 'unable to launch the editor' : 'there was a problem with the editor';
      if (code === 0) resolve();
      else reject(new Error(`${trouble} ${JSON.stringify(editor)}`));
    });
  });
}
