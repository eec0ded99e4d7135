import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage } from '@keelson/base';
import { goQuote, parseYamlDocuments } from '@keelson/machinery';
import { type Patch, parsePatchName } from './patches.ts';

/** The patches for kubelets of a directory, by their files' names, and what is told of its other files. @throws Error for no directory, or no YAML */
export async function readPatches(directory: string, say: (line: string) => void): Promise<readonly Patch[]> {
  say(`[patches] Reading patches from path ${goQuote(directory)}`);
  const patches: Patch[] = [];
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    const names = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
    for (const name of names.sort()) patches.push(...(await readOne(directory, name, say)));
  } catch (error) {
    throw new Error(`could not list patch files for path ${goQuote(directory)}: ${errorMessage(error)}`);
  }
  return patches;
}

async function readOne(directory: string, name: string, say: (line: string) => void): Promise<Patch[]> {
  const parsed = parsePatchName(name);
  const ignored =
    'ignored' in parsed ? parsed.ignored : parsed.target === 'kubeletconfiguration' ? undefined : `${parsed.target} is no pod here`;
  if ('ignored' in parsed || ignored !== undefined) {
    say(`[patches] Ignoring file ${goQuote(name)}: ${ignored}`);
    return [];
  }
  const documents = parseYamlDocuments(await readFile(join(directory, name), 'utf8'));
  if (documents.length === 0) say(`[patches] Ignoring empty file: ${goQuote(name)}`);
  return documents.map(({ value }) => ({ type: parsed.type, patch: value }));
}
