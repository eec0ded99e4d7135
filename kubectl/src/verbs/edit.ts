import { isDeepStrictEqual } from 'node:util';
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
import { recorded, recordFlag } from './record.ts';
import { fieldValidationOf, validateFlag } from './write-flags.ts';

const editFlags = {
  ...fileFlags,
  ...templateFlags,
  ...validateFlag,
  ...recordFlag,
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
    const selection = { ...selectionOf(context), all: true };
    requireNames([], selection);
    const found: Found[] = [];
    await eachFound(cluster, shell, selection, async (each) => void found.push(each));
    await editAll(context, await Promise.all(found.map((each) => shownOf(context, each))));
  },
});

type EditContext = Context<typeof editFlags>;

/** An object and what of it is shown to be edited. */
interface Shown {
  readonly found: Found;
  readonly object: AnyObject;
}

async function shownOf({ flags, cluster }: EditContext, found: Found): Promise<Shown> {
  const object = flags.subresource ? await getSubresource(cluster, found, flags.subresource) : found.object;
  return { found, object: flags['show-managed-fields'] ? object : withoutManagedFields(object) };
}

/** One object is edited by itself, several as a list. */
async function editAll(context: EditContext, shown: readonly Shown[]): Promise<void> {
  const [first] = shown;
  if (!first) throw new Error('edit cancelled, no objects found');
  const { flags, shell } = context;
  const json = flags.output === 'json';
  const whole =
    shown.length === 1 ? first.object : { apiVersion: 'v1', items: shown.map(({ object }) => object), kind: 'List', metadata: {} };
  const text = json ? jsonText(whole) : toYaml(whole);
  const file = {
    name: first.found.name,
    extension: json ? ('json' as const) : ('yaml' as const),
    text,
    crlf: flags['windows-line-endings'],
  };
  await editText(shell, file, async (edited) => {
    const documents = parseDocuments(edited, 'edited-file');
    if (documents.length === 0) throw new Error('the edited file holds no object');
    for (const { object } of documents) await saveOne(context, shown.length === 1 ? first : sameOf(shown, object), object);
  });
}

/** The one of several that an edited object was. @throws Error where there is none. */
function sameOf(shown: readonly Shown[], { kind, metadata }: AnyObject): Shown {
  const same = shown.find(({ object }) => {
    const { name, namespace } = object.metadata;
    return object.kind === kind && name === metadata?.name && namespace === metadata?.namespace;
  });
  if (!same) throw new Error('no original object found: the name, the namespace and the kind of an object may not be edited');
  return same;
}

async function saveOne(context: EditContext, { found, object: shown }: Shown, edited: AnyObject): Promise<void> {
  const { flags, cluster, shell } = context;
  const { mapping, name, namespace } = found;
  const { output: _, ...plain } = flags;
  const print = resultPrinter({ shell, flags: plain });
  const wanted = flags['save-config'] ? withLastApplied(edited) : edited;
  if (isDeepStrictEqual(wanted, JSON.parse(JSON.stringify(shown)))) return print(shown, 'skipped');
  const { type, patch } = await patchFor(shown, recorded(context, wanted));
  if (flags['output-patch']) shell.stdout.write(`Patch: ${JSON.stringify(patch)}\n`);
  const written = await cluster.api.patch(mapping, { name, namespace }, type, patch, {
    fieldManager: flags['field-manager'],
    fieldValidation: fieldValidationOf(flags.validate),
    ...(flags.subresource ? { subresource: flags.subresource } : {}),
  });
  print(written, 'edited');
}

function withoutManagedFields(object: AnyObject): AnyObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
