import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMergePatch, createStrategicPatch, type JsonObject, toYaml } from '@keelson/machinery';
import { schemaOf } from '../apply/schema.ts';
import { UsageError } from '../errors.ts';
import { jsonText } from '../printers/objects.ts';
import { resultPrinter } from '../printers/result.ts';
import { parseDocuments } from '../resource/files.ts';
import { eachFound, type Found, fileFlags, selectionOf } from '../resource/targets.ts';
import { type AnyObject, type Context, defineVerb } from '../types.ts';

const editFlags = {
  ...fileFlags,
  'field-manager': { type: 'string', default: 'kubectl-edit', help: 'Name of the manager used to track field ownership.' },
  output: { type: 'string', short: 'o', help: 'Output format. One of: (json, yaml).' },
  'show-managed-fields': { type: 'bool', help: 'If true, keep the managedFields when printing objects in JSON or YAML format.' },
} as const;

const preamble = `# Lines that begin with '#' are ignored, and an empty file aborts the edit. If the server refuses the
# change, the file is opened again with the reason.
#
`;

export const verb = defineVerb({
  usage: 'edit (RESOURCE/NAME | -f FILENAME) [options]',
  flags: editFlags,
  async run(context) {
    const { cluster, shell } = context;
    if (context.args.length === 0 && context.flags.filename.length === 0)
      throw new UsageError('must specify the resource to edit', 'examples');
    await eachFound(cluster, shell, selectionOf(context), (found) => editOne(context, found));
  },
});

async function editOne(context: Context<typeof editFlags>, { mapping, name, namespace, object }: Found): Promise<void> {
  const { flags, cluster, shell } = context;
  const json = flags.output === 'json';
  const shown = flags['show-managed-fields'] ? object : withoutManagedFields(object);
  const original = json ? jsonText(shown) : toYaml(shown);
  const folder = await mkdtemp(join(tmpdir(), 'kubectl-edit-'));
  const file = join(folder, `${name}.${json ? 'json' : 'yaml'}`);
  try {
    let text = original;
    let problem = '';
    for (;;) {
      await writeFile(file, json ? text : preamble + problem + text);
      await runEditor(context, file);
      const edited = stripComments(await readFile(file, 'utf8'));
      if (edited.trim() === '' || edited === stripComments(original)) return void shell.stderr.write('Edit cancelled, no changes made.\n');
      if (problem !== '' && edited === stripComments(text)) throw new Error('Edit cancelled, no valid changes were saved.');
      try {
        const [document] = parseDocuments(edited, 'edited-file');
        if (!document) throw new Error('the edited file holds no object');
        const patch = await patchFor(shown, document.object);
        const options = { fieldManager: flags['field-manager'] };
        const { output: _, ...plain } = flags;
        return resultPrinter({ shell, flags: plain })(
          await cluster.api.patch(mapping, { name, namespace }, patch.type, patch.patch, options),
          'edited',
        );
      } catch (error) {
        problem = `${(error as Error).message
          .split('\n')
          .map((line) => `# ${line}`)
          .join('\n')}\n#\n`;
        text = edited;
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function patchFor(before: AnyObject, after: AnyObject) {
  const schema = await schemaOf(before.apiVersion ?? '', before.kind ?? '');
  if (!schema) return { type: 'application/merge-patch+json' as const, patch: createMergePatch(before, after as JsonObject) };
  return {
    type: 'application/strategic-merge-patch+json' as const,
    patch: createStrategicPatch(before, after as JsonObject, schema.schemas, schema.typeName),
  };
}

function stripComments(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');
}

function withoutManagedFields(object: AnyObject): AnyObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function runEditor({ shell }: Context, file: string): Promise<void> {
  const editor = shell.env.KUBE_EDITOR || shell.env.EDITOR || 'vi';
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', `${editor} "$1"`, editor, file], { stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`there was a problem with the editor ${JSON.stringify(editor)}`)),
    );
  });
}
