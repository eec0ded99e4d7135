import { goJson, toYaml } from '@keelson/machinery';
import { lastAppliedAnnotation, withOwnConfiguration } from '../apply/plan.ts';
import { UsageError } from '../errors.ts';
import { dryRunFlag, dryRunOf, outputFlags, resultPrinter, templateFlags } from '../printers/result.ts';
import { parseDocuments, readDocuments } from '../resource/files.ts';
import { eachFound, type Found, fileFlags, requireNames, selectionOf, selectorFlag, targetOf } from '../resource/targets.ts';
import { type Context, defineVerb, type Verb, type VerbEntry } from '../types.ts';
import { editable, editText } from './editor.ts';
import { recordFlag } from './record.ts';
import { validateFlag } from './write-flags.ts';

const merge = 'application/merge-patch+json';

const view: Verb = defineVerb({
  usage: 'apply view-last-applied (TYPE [NAME | -l label] | TYPE/NAME | -f FILENAME) [options]',
  flags: {
    ...fileFlags,
    ...selectorFlag,
    all: { type: 'bool', help: 'Select all resources in the namespace of the specified resource types' },
    output: { type: 'string', short: 'o', default: 'yaml', help: 'Output format. Must be one of (yaml, json)' },
  },
  async run(context) {
    const { flags, cluster, shell } = context;
    const shown: string[] = [];
    await eachFound(cluster, shell, selectionOf(context), async ({ object: { metadata } }) => {
      shown.push(metadata.annotations?.[lastAppliedAnnotation] ?? '');
    });
    if (flags.output !== 'yaml' && flags.output !== 'json')
      throw new UsageError(`Unexpected -o output mode: ${flags.output}, the flag 'output' must be one of yaml|json`, 'examples');
    // Objects that apply did not write have nothing to show.
    for (const text of shown.filter((each) => each !== '')) {
      const value: unknown = JSON.parse(text);
      shell.stdout.write(flags.output === 'yaml' ? toYaml(value) : `${JSON.stringify(value, undefined, 2)}\n`);
    }
  },
});

const setFlags = {
  filename: fileFlags.filename,
  ...outputFlags,
  ...dryRunFlag,
  'create-annotation': {
    type: 'bool',
    help: "Will create 'last-applied-configuration' annotations if current objects doesn't have one",
  },
} as const;

const set: Verb = defineVerb({
  usage: 'apply set-last-applied -f FILENAME [options]',
  flags: setFlags,
  async run(context) {
    const { flags, cluster, shell } = context;
    const dryRun = dryRunOf(flags['dry-run']);
    const print = resultPrinter(context);
    requireNames([], { args: [], filenames: flags.filename, kustomize: '' });
    for (const document of await readDocuments({ ...flags, kustomize: '', recursive: false }, shell)) {
      const { mapping, name = '', namespace, local } = await targetOf(cluster, document);
      const live = await cluster.api.get(mapping, { name, namespace });
      if (!live.metadata.annotations?.[lastAppliedAnnotation] && !flags['create-annotation'])
        throw new Error(
          `error: no last-applied-configuration annotation found on resource: ${name}, to create the annotation, run the command with --create-annotation`,
        );
      const patch = annotationPatch(withOwnConfiguration(local).metadata.annotations?.[lastAppliedAnnotation] ?? '');
      if (live.metadata.annotations?.[lastAppliedAnnotation] === patch.metadata.annotations[lastAppliedAnnotation]) {
        shell.stdout.write(`set-last-applied ${name}: no changes required.\n`);
        continue;
      }
      const done =
        dryRun === 'client' ? live : await cluster.api.patch(mapping, { name, namespace }, merge, patch, { dryRun: dryRun === 'server' });
      print(done, 'configured');
    }
  },
});

function annotationPatch(text: string): { readonly metadata: { readonly annotations: { readonly [lastAppliedAnnotation]: string } } } {
  return { metadata: { annotations: { [lastAppliedAnnotation]: text } } };
}

const editFlags = {
  ...fileFlags,
  ...templateFlags,
  ...validateFlag,
  ...recordFlag,
  'show-managed-fields': { type: 'bool', help: 'If true, keep the managedFields when printing objects in JSON or YAML format.' },
  'windows-line-endings': { type: 'bool', help: 'Defaults to the line ending native to your platform.' },
  'field-manager': { type: 'string', default: 'kubectl-client-side-apply', help: 'Name of the manager used to track field ownership.' },
  output: { type: 'string', short: 'o', help: 'Output format. One of: (json, yaml, kyaml).' },
} as const;

const edit: Verb = defineVerb({
  usage: 'apply edit-last-applied (RESOURCE/NAME | -f FILENAME) [options]',
  flags: editFlags,
  async run(context) {
    requireNames([], selectionOf(context));
    await eachFound(context.cluster, context.shell, selectionOf(context), (found) => {
      if (!found.object.metadata.annotations?.[lastAppliedAnnotation])
        throw new Error(
          'no last-applied-configuration annotation found on resources, to create the annotation, use command `kubectl apply set-last-applied --create-annotation`',
        );
      return editOne(context, found);
    });
  },
});

async function editOne(context: Context<typeof editFlags>, { mapping, name, namespace, object }: Found): Promise<void> {
  const { flags, cluster, shell } = context;
  const value: unknown = JSON.parse(object.metadata.annotations?.[lastAppliedAnnotation] ?? '{}');
  const { output: _, ...plain } = flags;
  const crlf = flags['windows-line-endings'];
  await editText(shell, { name, ...editable(flags.output, value), crlf }, async (edited) => {
    const [document] = parseDocuments(edited, 'edited-file');
    if (!document?.object.metadata?.name) throw new Error('resource name may not be empty');
    const text = `${goJson(document.object)}\n`;
    const options = { fieldManager: flags['field-manager'] };
    const written = await cluster.api.patch(mapping, { name, namespace }, merge, annotationPatch(text), options);
    resultPrinter({ shell, flags: plain })(written, 'edited');
  });
}

export const subverbs: readonly VerbEntry[] = [
  {
    name: 'edit-last-applied',
    summary: 'Edit latest last-applied-configuration annotations of a resource/object',
    load: async () => edit,
  },
  {
    name: 'set-last-applied',
    summary: 'Set the last-applied-configuration annotation on a live object to match the contents of a file',
    load: async () => set,
  },
  {
    name: 'view-last-applied',
    summary: 'View the latest last-applied-configuration annotations of a resource/object',
    load: async () => view,
  },
];
