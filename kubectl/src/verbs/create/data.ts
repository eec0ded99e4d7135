import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isConfigMapKey, isEnvVarName } from '@keelson/machinery';
import type { FlagSpecs } from '../../flags.ts';

export const hashFlag = {
  'append-hash': { type: 'bool', help: 'Append a hash of the object to its name.' },
} as const satisfies FlagSpecs;

export const dataFlags = {
  ...hashFlag,
  'from-env-file': { type: 'list', help: 'Specify the path to a file to read lines of key=val pairs.' },
  'from-file': {
    type: 'list',
    help: 'Key file can be specified using its file path, in which case file basename will be used as key, or optionally with a key and file path.',
  },
  'from-literal': { type: 'array', help: 'Specify a key and literal value to insert (i.e. mykey=somevalue)' },
} as const satisfies FlagSpecs;

interface Sources {
  readonly 'from-env-file': readonly string[];
  readonly 'from-file': readonly string[];
  readonly 'from-literal': readonly string[];
}

/** In whose words problems with keys are told: each kind has its own. */
export interface DataWords {
  invalid(key: string, problems: string): string;
  taken(key: string): string;
}

/** Keys and contents of a ConfigMap or Secret, as the flags name them. @throws Error in kubectl's words. */
export async function collectData(flags: Sources, words: DataWords): Promise<Map<string, Buffer>> {
  const data = new Map<string, Buffer>();
  const add = (key: string, value: Buffer): void => {
    const problems = isConfigMapKey(key);
    if (problems.length > 0) throw new Error(words.invalid(key, problems.join(',')));
    if (data.has(key)) throw new Error(words.taken(key));
    data.set(key, value);
  };
  if (flags['from-env-file'].length > 0 && flags['from-file'].length + flags['from-literal'].length > 0) {
    throw new Error('from-env-file cannot be combined with from-file or from-literal');
  }
  for (const source of flags['from-file']) for (const [key, value] of await fromFile(source)) add(key, value);
  for (const literal of flags['from-literal']) {
    const at = literal.indexOf('=');
    if (at < 1) throw new Error(`invalid literal source ${literal}, expected key=value`);
    add(literal.slice(0, at), Buffer.from(literal.slice(at + 1)));
  }
  for (const path of flags['from-env-file']) for (const [key, value] of fromEnv(await envFile(path))) add(key, Buffer.from(value));
  return data;
}

/** `path`, `key=path`, or a folder whose regular files with fitting names are taken. */
async function fromFile(source: string): Promise<[string, Buffer][]> {
  const { key, path } = fileSource(source);
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new Error(`error reading ${path}: no such file or directory`);
  if (!found.isDirectory()) return [[key ?? basename(path), await readFile(path)]];
  if (key !== undefined) throw new Error('cannot give a key name for a directory path');
  const entries = (await readdir(path, { withFileTypes: true })).filter((entry) => entry.isFile());
  return Promise.all(entries.map(async (entry): Promise<[string, Buffer]> => [entry.name, await readFile(join(path, entry.name))]));
}

function fileSource(source: string): { readonly key: string | undefined; readonly path: string } {
  const [first = '', path, ...more] = source.split('=');
  if (path === undefined) return { key: undefined, path: first };
  if (more.length > 0) throw new Error("key names or file paths cannot contain '='");
  if (first === '') throw new Error(`key name for file path ${path} missing`);
  if (path === '') throw new Error(`file path for key name ${first} missing`);
  return { key: first, path };
}

async function envFile(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new Error(`error reading ${path}: no such file or directory`);
  if (found.isDirectory()) throw new Error('env config file cannot be a directory');
  return readFile(path, 'utf8');
}

function fromEnv(text: string): [string, string][] {
  return text.split(/\r?\n/).flatMap((line): [string, string][] => {
    const trimmed = line.trimStart();
    if (trimmed === '' || trimmed.startsWith('#')) return [];
    const at = trimmed.indexOf('=');
    const key = at === -1 ? trimmed : trimmed.slice(0, at);
    const problems = isEnvVarName(key);
    if (problems.length > 0) throw new Error(`${JSON.stringify(key)} is not a valid key name: ${problems.join(';')}`);
    return [[key, at === -1 ? (process.env[key] ?? '') : trimmed.slice(at + 1)]];
  });
}

/** Whether bytes are text that JSON can hold. */
export function isText(value: Buffer): boolean {
  return Buffer.from(value.toString('utf8'), 'utf8').equals(value);
}
