import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { ApiError, type PatchType } from '@keelson/client';
import { applyJsonPatch, applyMergePatch, applyStrategicMergePatch, type JsonPatchOperation, parseYaml } from '@keelson/machinery';
import { schemaOf } from '../apply/schema.ts';
import { fileProblem, UsageError } from '../errors.ts';
import { dryRunFlag, dryRunOf, outputFlags, resultPrinter } from '../printers/result.ts';
import { eachFound, fileFlags, selectionOf } from '../resource/targets.ts';
import { type AnyObject, defineVerb } from '../types.ts';
import { causePatch, recorded, recordFlag } from './record.ts';

const types: Readonly<Record<string, PatchType>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
};

export const verb = defineVerb({
  usage: 'patch (-f FILENAME | TYPE NAME) [-p PATCH|--patch-file FILE] [options]',
  examples: [
    '# Partially update a node using a strategic merge patch',
    `kubectl patch node k8s-node-1 -p '{"spec":{"unschedulable":true}}'`,
  ],
  flags: {
    ...fileFlags,
    ...outputFlags,
    ...dryRunFlag,
    ...recordFlag,
    'field-manager': { type: 'string', default: 'kubectl-patch', help: 'Name of the manager used to track field ownership.' },
    local: { type: 'bool', help: 'If true, patch will operate on the content of the file, not the server-side resource.' },
    patch: { type: 'string', short: 'p', help: 'The patch to be applied to the resource JSON file.' },
    'patch-file': { type: 'string', help: 'A file containing a patch to be applied to the resource.' },
    subresource: { type: 'string', help: 'If specified, patch will operate on the subresource of the requested object.' },
    type: { type: 'string', default: 'strategic', help: 'The type of patch being provided; one of [json merge strategic]' },
  },
  async run(context) {
    const { flags, cluster, shell } = context;
    const type = types[flags.type.toLowerCase()];
    if (!type) throw new UsageError(`--type must be one of [json merge strategic], not ${JSON.stringify(flags.type)}`, 'none');
    if (!flags.patch && !flags['patch-file'])
      throw new UsageError('must specify --patch or --patch-file containing the contents of the patch', 'none');
    if (flags.patch && flags['patch-file']) throw new UsageError('cannot specify --patch and --patch-file together', 'none');
    if (flags.local && context.args.length > 0) throw new UsageError('cannot specify --local and server resources', 'none');
    const text = flags['patch-file'] ? await patchFile(flags['patch-file']) : flags.patch;
    const patch = readPatch(text);
    const dryRun = dryRunOf(flags['dry-run']);
    // Upstream's kubectl does not say here that it only tried.
    const print = resultPrinter({ ...context, flags: { ...flags, 'dry-run': 'none' } });
    const count = await eachFound(cluster, shell, selectionOf(context), async ({ mapping, name, namespace, object }) => {
      const options = {
        fieldManager: flags['field-manager'],
        dryRun: dryRun === 'server',
        ...(flags.subresource ? { subresource: flags.subresource } : {}),
      };
      const local = flags.local || dryRun === 'client';
      const patched = local
        ? await patchedHere(object, type, patch)
        : await cluster.api.patch(mapping, { name, namespace }, type, patch, options).catch((error: unknown) => {
            throw error instanceof ApiError && error.reason === 'UnsupportedMediaType'
              ? new Error(`${type} is not supported by ${mapping.apiVersion}, Kind=${mapping.kind}: ${error.message}`)
              : error;
          });
      const same = isDeepStrictEqual(patched, object);
      const cause = local ? undefined : causePatch(context);
      const told = cause
        ? await cluster.api.patch(mapping, { name, namespace }, 'application/merge-patch+json', cause, options)
        : recorded(context, patched);
      print(told, same ? 'patched (no change)' : 'patched');
    });
    if (count === 0) throw new Error('no objects passed to patch');
  },
});

function readPatch(text: string): unknown {
  // What looks like JSON goes as it is: the server says what is wrong with it.
  if (/^\s*\{/.test(text)) return isJson(text) ? JSON.parse(text) : text;
  try {
    const { value } = parseYaml(text);
    return typeof value === 'string' ? JSON.stringify(value) : value;
  } catch (error) {
    throw new Error(`unable to parse ${JSON.stringify(text)}: ${(error as Error).message}`);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

async function patchedHere(object: AnyObject, type: PatchType, patch: unknown): Promise<AnyObject> {
  if (type === 'application/json-patch+json') return applyJsonPatch(object, patch as JsonPatchOperation[]) as AnyObject;
  if (type === 'application/merge-patch+json') return applyMergePatch(object, patch) as AnyObject;
  const schema = await schemaOf(object.apiVersion ?? '', object.kind ?? '');
  if (!schema)
    throw new Error(`strategic merge patch is not supported for ${object.apiVersion}, Kind=${object.kind} locally, try --type merge`);
  return applyStrategicMergePatch(object, patch as Record<string, unknown>, schema.schemas, schema.typeName) as AnyObject;
}

async function patchFile(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    const why = fileProblem(error);
    throw new Error(`unable to read patch file: ${why}`);
  });
}
