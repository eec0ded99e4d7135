import { readFile } from 'node:fs/promises';
import { readText } from '@keelson/client';
import type { Cluster } from '../cluster.ts';
import { UsageError } from '../errors.ts';
import { readAll } from '../resource/files.ts';
import type { Shell } from '../types.ts';

/** What `--raw` needs of its verb. */
interface RawContext {
  readonly cluster: Cluster;
  readonly shell: Shell;
  readonly flags: RawFlags;
}

interface RawFlags {
  readonly raw: string;
  readonly filename: readonly string[];
  readonly edit?: boolean;
  readonly output?: string;
  readonly recursive?: boolean;
  readonly selector?: string;
}

/** @throws UsageError for what `--raw` cannot stand beside. */
function checkAlone({ raw, filename, edit, output, recursive, selector }: RawFlags): void {
  const problem = [
    edit && '--raw and --edit are mutually exclusive',
    filename[0]?.startsWith('http') && '--raw cannot read from a url',
    recursive && '--raw and --recursive are mutually exclusive',
    selector && '--raw and --selector (-l) are mutually exclusive',
    output && '--raw and --output are mutually exclusive',
    raw.startsWith(':') && `--raw must be a valid URL path: parse ${JSON.stringify(raw)}: missing protocol scheme`,
  ].find(Boolean);
  if (problem) throw new UsageError(problem, 'none');
}

/** Sends the one file, if any, as it is to the path of `--raw`, and prints the answer. @throws UsageError for more than one file. */
export async function sendRaw({ cluster, shell, flags }: RawContext, method: 'POST' | 'PUT' | 'DELETE'): Promise<void> {
  const { raw: path, filename } = flags;
  if (filename.length > 1 || (method !== 'DELETE' && filename.length === 0))
    throw new UsageError(filename.length > 1 ? '--raw can only use a single local file or stdin' : 'must specify one of -f and -k', 'none');
  checkAlone(flags);
  if (!path.startsWith('/'))
    throw new UsageError(`--raw must be a valid URL path: parse ${JSON.stringify(path)}: invalid URI for request`, 'none');
  const [file] = filename;
  const body = file === undefined ? undefined : file === '-' ? await readAll(shell.stdin) : await readFile(file, 'utf8');
  shell.stdout.write(await readText(await cluster.api.raw({ method, path, ...(body === undefined ? {} : { body }) })));
}
