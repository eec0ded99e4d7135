import { toYaml } from '@keelson/machinery';
import { patchFor } from '../apply/patch-for.ts';
import { withLastApplied } from '../apply/plan.ts';
import { jsonText } from '../printers/objects.ts';
import { resultPrinter, templateFlags } from '../printers/result.ts';
import { parseDocuments } from '../resource/files.ts';
import { getSubresource } from '../resource/subresource.ts';
import { eachFound, type Found, fileFlags, requireNames, selectionOf } from '../resource/targets.ts';
import { type AnyObject, type Context, defineVerb } from '../types.ts';
import { editText } from './editor.ts';
import { fieldValidationOf, validateFlag } from './write-flags.ts';

const editFlags = {
  ...fileFlags,
  ...templateFlags,
  ...validateFlag,
  'output-patch': { type: 'bool', help: 'Output the patch if the resource is edited.' },
  'windows-line-endings': { type: 'bool', help: 'Defaults to the line ending native to your platform.' },
  'field-manager': { type: 'string', default: 'kubectl-edit', help: 'Name of the manager used to track field ownership.' },
  output: { type: 'string', short: 'o', help: 'Output format. One of: (json, yaml).' },
  'save-config': { type: 'bool', help: 'If true, the configuration of current object will be saved in its annotation.' },
  'show-managed-fields': { type: 'bool', help: 'If true, keep the managedFields when printing objects in JSON or YAML format.' },
  subresource: { type: 'string', help: 'If specified, edit will operate on the subresource of the requested object.' },
} as const;

export const verb = defineVerb({
  usage: 'edit (RESOURCE/NAME | -f FILENAME) [options]',
  flags: editFlags,
  async run(context) {
    const { cluster, shell } = context;
    requireNames([], selectionOf(context));
    await eachFound(cluster, shell, selectionOf(context), (found) => editOne(context, found));
  },
});

async function editOne(context: Context<typeof editFlags>, { mapping, name, namespace, object: whole }: Found): Promise<void> {
  const { flags, cluster, shell } = context;
  const json = flags.output === 'json';
  const part = flags.subresource ? { subresource: flags.subresource } : {};
  const object = flags.subresource ? await getSubresource(cluster, { mapping, name, namespace }, flags.subresource) : whole;
  const shown = flags['show-managed-fields'] ? object : withoutManagedFields(object);
  const { output: _, ...plain } = flags;
  await editText(shell, { name, extension: json ? 'json' : 'yaml', text: json ? jsonText(shown) : toYaml(shown) }, async (edited) => {
    const [document] = parseDocuments(edited, 'edited-file');
    if (!document) throw new Error('the edited file holds no object');
    const { type, patch } = await patchFor(shown, flags['save-config'] ? withLastApplied(document.object) : document.object);
    if (flags['output-patch']) shell.stdout.write(`Patch: ${JSON.stringify(patch)}\n`);
    const written = await cluster.api.patch(mapping, { name, namespace }, type, patch, {
      fieldManager: flags['field-manager'],
      fieldValidation: fieldValidationOf(flags.validate),
      ...part,
    });
    resultPrinter({ shell, flags: plain })(written, 'edited');
  });
}

function withoutManagedFields(object: AnyObject): AnyObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
