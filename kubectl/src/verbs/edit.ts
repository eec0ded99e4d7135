import { createMergePatch, createStrategicPatch, type JsonObject, toYaml } from '@keelson/machinery';
import { schemaOf } from '../apply/schema.ts';
import { UsageError } from '../errors.ts';
import { jsonText } from '../printers/objects.ts';
import { resultPrinter } from '../printers/result.ts';
import { parseDocuments } from '../resource/files.ts';
import { eachFound, type Found, fileFlags, selectionOf } from '../resource/targets.ts';
import { type AnyObject, type Context, defineVerb } from '../types.ts';
import { editText } from './editor.ts';

const editFlags = {
  ...fileFlags,
  'field-manager': { type: 'string', default: 'kubectl-edit', help: 'Name of the manager used to track field ownership.' },
  output: { type: 'string', short: 'o', help: 'Output format. One of: (json, yaml).' },
  'show-managed-fields': { type: 'bool', help: 'If true, keep the managedFields when printing objects in JSON or YAML format.' },
} as const;

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
  const { output: _, ...plain } = flags;
  await editText(shell, { name, extension: json ? 'json' : 'yaml', text: json ? jsonText(shown) : toYaml(shown) }, async (edited) => {
    const [document] = parseDocuments(edited, 'edited-file');
    if (!document) throw new Error('the edited file holds no object');
    const { type, patch } = await patchFor(shown, document.object);
    const written = await cluster.api.patch(mapping, { name, namespace }, type, patch, { fieldManager: flags['field-manager'] });
    resultPrinter({ shell, flags: plain })(written, 'edited');
  });
}

async function patchFor(before: AnyObject, after: AnyObject) {
  const schema = await schemaOf(before.apiVersion ?? '', before.kind ?? '');
  if (!schema) return { type: 'application/merge-patch+json' as const, patch: createMergePatch(before, after as JsonObject) };
  return {
    type: 'application/strategic-merge-patch+json' as const,
    patch: createStrategicPatch(before, after as JsonObject, schema.schemas, schema.typeName),
  };
}

function withoutManagedFields(object: AnyObject): AnyObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
