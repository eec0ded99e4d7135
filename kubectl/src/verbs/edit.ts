import { isDeepStrictEqual } from 'node:util';
import { ApiError } from '@keelson/client';
import { patchFor } from '../apply/patch-for.ts';
import { withLastApplied } from '../apply/plan.ts';
import { ExitError } from '../errors.ts';
import { resultPrinter, templateFlags } from '../printers/result.ts';
import { parseDocuments, requireKind } from '../resource/files.ts';
import { getSubresource } from '../resource/subresource.ts';
import { eachFound, type Found, fileFlags, requireNames, selectionOf } from '../resource/targets.ts';
import { type AnyObject, type Context, defineVerb } from '../types.ts';
import { editable, editText, requireEditable, Unsaved } from './editor.ts';
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
  output: { type: 'string', short: 'o', help: 'Output format. One of: (json, yaml, kyaml).' },
  'save-config': { type: 'bool', help: 'If true, the configuration of current object will be saved in its annotation.' },
  'show-managed-fields': { type: 'bool', help: 'If true, keep the managedFields when printing objects in JSON or YAML format.' },
  subresource: { type: 'string', help: 'If specified, edit will operate on the subresource of the requested object.' },
} as const;

export const verb = defineVerb({
  usage: 'edit (RESOURCE/NAME | -f FILENAME) [options]',
  flags: editFlags,
  async run(context) {
    const { cluster, shell, flags } = context;
    requireEditable(flags.output);
    const selection = { ...selectionOf(context), all: true };
    requireNames([], selection);
    const found: Found[] = [];
    await eachFound(cluster, shell, selection, async (each) => void found.push(each));
    await editAll(context, await Promise.all(found.map((each) => shownOf(context, each))));
  },
});

type EditContext = Context<typeof editFlags>;

/** An object and what of it is shown to be edited: once it is saved, what it became. */
interface Shown {
  readonly found: Found;
  object: AnyObject;
  saved: boolean;
}

/** Something that the server did not take. */
interface Refusal {
  readonly what: string;
  readonly error: ApiError;
}

async function shownOf({ flags, cluster }: EditContext, found: Found): Promise<Shown> {
  const object = flags.subresource ? await getSubresource(cluster, found, flags.subresource) : found.object;
  return { found, object: flags['show-managed-fields'] ? object : withoutManagedFields(object), saved: false };
}

/** One object is edited by itself, several as a list. */
async function editAll(context: EditContext, shown: readonly Shown[]): Promise<void> {
  const [first] = shown;
  if (!first) throw new Error('edit cancelled, no objects found');
  const { flags, shell } = context;
  const whole =
    shown.length === 1 ? first.object : { apiVersion: 'v1', items: shown.map(({ object }) => object), kind: 'List', metadata: {} };
  const file = {
    name: first.found.name,
    ...editable(flags.output, whole),
    crlf: flags['windows-line-endings'],
  };
  await editText(shell, file, async (edited) => {
    const pairs = readEdited(context, first, edited).map((object) => [sameOf(context, shown, object), object] as const);
    const refusals: Refusal[] = [];
    for (const [same, object] of pairs) {
      await saveOne(context, same, object).catch((error: unknown) => {
        if (!(error instanceof ApiError)) throw error;
        refusals.push({ what: textOf(same.found), error });
        shell.stderr.write(`error: ${refusalText(textOf(same.found), error)}\n`);
      });
    }
    if (refusals.length > 0) throw unsaved(refusals);
  });
}

/** @throws Error where the text, which is opened again, does not hold objects. */
function readEdited({ shell }: EditContext, { found }: Shown, edited: string): AnyObject[] {
  try {
    const documents = parseDocuments(edited, 'edited-file');
    for (const document of documents) requireKind(document);
    if (documents.length === 0) throw new Error('the edited file holds no object');
    return documents.map(({ object }) => object);
  } catch (error) {
    shell.stderr.write(`error: ${textOf(found)} is invalid\n`);
    throw error;
  }
}

/** What an edited object was. @throws Unsaved where there is nothing, or where what it is has been edited. */
function sameOf({ cluster }: EditContext, shown: readonly Shown[], { apiVersion, kind, metadata }: AnyObject): Shown {
  const { uid, name, namespace } = metadata ?? {};
  const same = shown.find(({ object }) => object.metadata.uid === uid);
  const was = same?.object.metadata;
  if (namespace !== undefined && namespace !== (was ? was.namespace : cluster.namespace))
    throw new Unsaved(
      new Error(
        `the namespace from the provided object ${JSON.stringify(namespace)} does not match the namespace ${JSON.stringify(cluster.namespace)}. You must pass '--namespace=${namespace}' to perform this operation.`,
      ),
    );
  if (!same || !was)
    throw new Unsaved(new Error(`no original object found for ${kind} ${JSON.stringify(name)}: its uid may not be edited`));
  if (apiVersion !== same.object.apiVersion || kind !== same.object.kind || name !== was.name)
    throw new Unsaved(new Error('At least one of apiVersion, kind and name was changed'));
  return same;
}

function textOf({ mapping: { resource, group }, name }: Found): string {
  return `${group === '' ? resource : `${resource}.${group}`} ${JSON.stringify(name)}`;
}

function refusalText(what: string, error: ApiError): string {
  if (error.reason === 'Invalid') return `${what} is invalid`;
  return error.reason === 'NotFound' ? `${what} could not be found on the server` : `${what} could not be patched: ${error.message}`;
}

/** Only what is invalid can be mended in the editor. */
function unsaved(refusals: readonly Refusal[]): Error {
  const reasons = new Set(refusals.map(({ error: { reason } }) => reason));
  const done = new ExitError(1);
  if ([...reasons].some((reason) => reason !== 'Invalid' && reason !== 'NotFound'))
    return new Unsaved(done, (copy) => `You can run \`kubectl replace -f ${copy}\` to try this update again.\n`);
  if (reasons.has('NotFound'))
    return new Unsaved(done, (copy) => `The edits you made on deleted resources have been saved to ${JSON.stringify(copy)}\n`);
  return new Error(refusals.map(({ what, error }) => `${what} was not valid:\n${causesOf(error)}`).join('\n'));
}

function causesOf({ status, message }: ApiError): string {
  const causes = (status.details?.causes ?? []).map(({ field, message: problem }) => ` * ${field}: ${problem}`);
  return causes.length > 0 ? causes.join('\n') : ` * ${message}`;
}

async function saveOne(context: EditContext, shown: Shown, edited: AnyObject): Promise<void> {
  const { flags, cluster, shell } = context;
  const { mapping, name, namespace } = shown.found;
  const before = shown.object;
  const print = resultPrinter(context);
  const placed = namespace === undefined ? edited : { ...edited, metadata: { ...edited.metadata, namespace } };
  const wanted = flags['save-config'] ? withLastApplied(placed) : placed;
  const unchanged = isDeepStrictEqual(wanted, JSON.parse(JSON.stringify(before)));
  if (unchanged) return shown.saved ? undefined : print(before, 'skipped');
  const { type, patch } = await patchFor(before, recorded(context, wanted));
  if (flags['output-patch']) shell.stdout.write(`Patch: ${JSON.stringify(patch)}\n`);
  const written = await cluster.api.patch(mapping, { name, namespace }, type, patch, {
    fieldManager: flags['field-manager'],
    fieldValidation: fieldValidationOf(flags.validate),
    ...(flags.subresource ? { subresource: flags.subresource } : {}),
  });
  Object.assign(shown, { object: wanted, saved: true });
  print(written, 'edited');
}

function withoutManagedFields(object: AnyObject): AnyObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
