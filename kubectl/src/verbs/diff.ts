import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toYaml } from '@keelson/machinery';
import { masked } from '../apply/mask.ts';
import { planChange } from '../apply/plan.ts';
import { prunable, pruneFlags } from '../apply/prune.ts';
import { schemaOf } from '../apply/schema.ts';
import { managerOf } from '../apply/server-side.ts';
import { describeError, ExitError } from '../errors.ts';
import { isNotFound } from '../resource/cannot-find.ts';
import { namesFiles, readDocuments } from '../resource/files.ts';
import { fileFlags, selectorFlag, type Target, targetOf } from '../resource/targets.ts';
import { type AnyObject, type Context, defineVerb } from '../types.ts';

const diffFlags = {
  ...fileFlags,
  concurrency: {
    type: 'int',
    default: 1,
    help: 'Number of objects to process in parallel when diffing against the live version.',
  },
  'field-manager': { type: 'string', default: 'kubectl-client-side-apply', help: 'Name of the manager used to track field ownership.' },
  'force-conflicts': { type: 'bool', help: 'If true, server-side apply will force the changes against conflicts.' },
  prune: {
    type: 'bool',
    help: 'Include resources that would be deleted by pruning. Can be used with -l and default shows all resources would be pruned',
  },
  'prune-allowlist': pruneFlags['prune-allowlist'],
  ...selectorFlag,
  'server-side': { type: 'bool', help: 'If true, apply runs in the server instead of the client.' },
  'show-managed-fields': { type: 'bool', help: 'If true, include managed fields in the diff.' },
  'show-secrets': { type: 'bool', help: 'If true, show what is in Secrets instead of masking it.' },
} as const;

export const verb = defineVerb({
  usage: 'diff -f FILENAME [options]',
  description: 'Exit status: 0 no differences were found, 1 differences were found, >1 kubectl or diff failed with an error.',
  flags: diffFlags,
  async run(context) {
    const { args, flags, cluster, shell } = context;
    if (args.length > 0) throw new ExitError(2, `error: Unexpected args: [${args.join(' ')}]\nSee 'kubectl diff -h' for help and examples`);
    if (!namesFiles(flags)) throw new ExitError(2, 'error: must specify one of -f and -k');
    if (flags['force-conflicts'] && !flags['server-side']) throw new ExitError(2, 'error: --force-conflicts only works with --server-side');
    const live = await mkdtemp(join(tmpdir(), 'LIVE-'));
    const merged = await mkdtemp(join(tmpdir(), 'MERGED-'));
    try {
      const applied: Target[] = [];
      for (const document of await readDocuments(flags, shell)) {
        const target = await targetOf(cluster, document);
        const { mapping, name = '', namespace, local } = target;
        applied.push(target);
        const current = await cluster.api.get(mapping, { name, namespace }).catch((error: unknown) => {
          if (isNotFound(error)) return undefined;
          throw error;
        });
        const wanted = await wouldBe(context, target, current, local);
        const file = fileOf(target);
        const both = [current && shown(current, flags['show-managed-fields']), shown(wanted, flags['show-managed-fields'])] as const;
        const [left, right] = flags['show-secrets'] ? both : masked(...both);
        if (left) await writeFile(join(live, file), toYaml(left));
        await writeFile(join(merged, file), toYaml(right));
      }
      if (flags.prune) await writePrunable(context, applied, live);
      const { code, program } = await compare(context, live, merged);
      if (code > 1) throw new ExitError(code, `error: failed to run ${JSON.stringify(program)}: exit status ${code}`);
      if (code > 0) throw new ExitError(code);
    } catch (error) {
      if (error instanceof ExitError) throw error;
      // 1 says that there are differences: what fails says more.
      throw new ExitError(2, describeError(error, cluster.address));
    } finally {
      await Promise.all([live, merged].map((folder) => rm(folder, { recursive: true, force: true })));
    }
  },
});

function fileOf({ mapping, namespace = '', name = '' }: Target): string {
  return [...(mapping.group ? [mapping.group] : []), mapping.version, mapping.kind, namespace, name].join('.');
}

/** What pruning would delete is there now, and not afterwards. */
async function writePrunable({ cluster, flags }: Context<typeof diffFlags>, applied: readonly Target[], live: string): Promise<void> {
  const request = { applied, selector: flags.selector, allowlist: flags['prune-allowlist'], dryRun: 'server' as const };
  for (const { mapping, object } of await prunable(cluster, request)) {
    const { name, namespace } = object.metadata;
    // Of what would go upstream shows all there is.
    const left = flags['show-secrets'] ? object : masked(undefined, object)[1];
    await writeFile(join(live, fileOf({ mapping, name, namespace })), toYaml(left));
  }
}

/** What the server would make of the manifest. */
async function wouldBe(
  { cluster, flags, changed: given }: Context<typeof diffFlags>,
  { mapping, name = '', namespace }: Awaited<ReturnType<typeof targetOf>>,
  current: AnyObject | undefined,
  manifest: AnyObject,
): Promise<AnyObject> {
  const fieldManager = managerOf(flags['field-manager'], given.has('field-manager'), flags['server-side']);
  const options = { fieldManager, dryRun: true };
  if (flags['server-side'])
    return cluster.api.patch(mapping, { name, namespace }, 'application/apply-patch+yaml', manifest, {
      ...options,
      force: flags['force-conflicts'],
    });
  if (!current) return cluster.api.create(mapping, manifest, options);
  const { type, patch, changed } = planChange(current, manifest, await schemaOf(mapping.apiVersion, mapping.kind));
  return changed ? cluster.api.patch(mapping, { name, namespace }, type, patch, options) : current;
}

function shown(object: AnyObject, managedFields: boolean): AnyObject {
  const { managedFields: _, resourceVersion: __, ...metadata } = object.metadata;
  return { ...object, metadata: managedFields ? { ...metadata, managedFields: object.metadata.managedFields } : metadata };
}

function compare({ shell }: Context, live: string, merged: string): Promise<{ readonly code: number; readonly program: string }> {
  const [program = 'diff', ...more] = shell.env.KUBECTL_EXTERNAL_DIFF ? shell.env.KUBECTL_EXTERNAL_DIFF.split(' ') : ['diff', '-u', '-N'];
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...more, live, merged], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (chunk: Buffer) => shell.stdout.write(chunk));
    child.stderr.on('data', (chunk: Buffer) => shell.stderr.write(chunk));
    child.on('error', (error) => reject(new Error(`failed to run ${JSON.stringify(program)}: ${error.message}`)));
    child.on('close', (code) => resolve({ code: code ?? 2, program }));
  });
}
