import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { goJson, parseLabelSelector, parseYamlDocuments } from '@keelson/machinery';
import { describeError, ExitError } from '../errors.ts';
import type { AnyObject, Shell } from '../types.ts';

/** A document of a manifest, and where it was. */
export interface Document {
  readonly object: AnyObject;
  /** As messages name it: a path, a URL, `STDIN`. */
  readonly source: string;
}

const manifest = /\.(?:json|yaml|yml)$/;

/** What `-f`, `-R` and `-k` say. */
export interface FileSources {
  readonly filename: readonly string[];
  readonly recursive: boolean;
  readonly kustomize: string;
  /** `-l`: objects whose labels do not match are left out. */
  readonly selector?: string;
}

/** Whether `-f` or `-k` was given. */
export function namesFiles({ filename, kustomize }: FileSources): boolean {
  return filename.length > 0 || kustomize !== '';
}

/**
 * Reads what `-f` names: files, folders, URLs, `-` for standard input; or builds the kustomization that `-k` names. Lists are taken apart.
 * @param errors takes what cannot be read of a source, so that others are not lost with it; without it that is thrown.
 * @throws Error in kubectl's words.
 */
export async function readDocuments(sources: FileSources, shell: Shell, errors?: unknown[]): Promise<Document[]> {
  const documents = await readAllDocuments(sources, shell, errors);
  if (!sources.selector) return documents;
  const selector = parseLabelSelector(sources.selector);
  return documents.filter(({ object }) => selector.matches(object.metadata?.labels ?? {}));
}

async function readAllDocuments(
  { filename, recursive, kustomize: folder }: FileSources,
  shell: Shell,
  errors: unknown[] | undefined,
): Promise<Document[]> {
  if (folder !== '') {
    if (filename.length > 0) throw new Error('only one of -f or -k can be specified');
    if (recursive) throw new Error("the -k flag can't be used with -f or -R");
    const { kustomize } = await import('../kustomize/folder.ts');
    return (await kustomize(folder, shell)).map((object) => ({ object, source: folder }));
  }
  const documents: Document[] = [];
  for (const path of filename) {
    for (const { text, source } of await readSource(path, recursive, shell)) documents.push(...read(text, source));
  }
  return documents;

  function read(text: string, source: string): Document[] {
    try {
      return parseDocuments(text, source);
    } catch (error) {
      if (!errors) throw error;
      errors.push(error);
      return [];
    }
  }
}

interface Text {
  readonly text: string;
  readonly source: string;
}

async function readSource(path: string, recursive: boolean, shell: Shell): Promise<Text[]> {
  if (path === '-') return [{ text: await readAll(shell.stdin), source: 'STDIN' }];
  if (/^https?:\/\//.test(path)) return [{ text: await download(path), source: path }];
  const files = await listFiles(path, recursive);
  return Promise.all(files.map(async (source) => ({ text: await readFile(source, 'utf8'), source })));
}

/** All that comes from a stream, as text. */
export async function readAll(stream: AsyncIterable<Buffer | string>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

async function download(url: string): Promise<string> {
  const response = await fetch(url).catch((error: Error) => {
    throw new ExitError(1, describeError(error.cause ?? error, new URL(url).host));
  });
  if (!response.ok) {
    throw new Error(
      `unable to read URL ${JSON.stringify(url)}, server reported ${response.status} ${response.statusText}, status code=${response.status}`,
    );
  }
  return response.text();
}

async function listFiles(path: string, recursive: boolean): Promise<string[]> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new Error(`the path ${JSON.stringify(path)} does not exist`);
  if (!found.isDirectory()) return [path];
  const files = await walk(path, recursive);
  if (files.length === 0) throw new Error(`error reading [${path}]: recognized file extensions are [.json .yaml .yml]`);
  return files;
}

async function walk(folder: string, recursive: boolean): Promise<string[]> {
  const entries = (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const nested = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return recursive ? walk(path, recursive) : [];
      return manifest.test(entry.name) ? [path] : [];
    }),
  );
  return nested.flat();
}

/** The objects of a text. @throws Error naming the source when the text cannot be read or is no object. */
export function parseDocuments(text: string, source: string): Document[] {
  return parseText(text, source).flatMap(({ value }) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new Error(
        `error parsing ${source}: couldn't get version/kind; json parse error: json: cannot unmarshal into Go value of type struct`,
      );
    }
    return flatten(value as AnyObject).map((object) => ({ object, source }));
  });
}

function parseText(text: string, source: string): ReturnType<typeof parseYamlDocuments> {
  try {
    return parseYamlDocuments(text);
  } catch (error) {
    throw new Error(`error parsing ${source}: ${(error as Error).message}`);
  }
}

function flatten(object: AnyObject): AnyObject[] {
  const { items } = object;
  if (!object.kind?.endsWith('List') || !Array.isArray(items)) return [object];
  return items.flatMap((item: AnyObject) => flatten({ ...headOfItem(object), ...item }));
}

/** Items of a `PodList` may leave out what the list says; those of a `List` may not. */
function headOfItem({ apiVersion, kind = '' }: AnyObject): Partial<AnyObject> {
  return kind === 'List' ? {} : { apiVersion, kind: kind.slice(0, -'List'.length) };
}

/** @throws Error when the document does not say what it is. */
export function requireKind({ object, source }: Document): void {
  const missing = (['apiVersion', 'kind'] as const).filter((field) => !object[field]).map((field) => `${field} not set`);
  if (missing.length === 0) return;
  const text = missing.length === 1 ? missing[0] : `[${missing.join(', ')}]`;
  const hint = 'if you choose to ignore these errors, turn validation off with --validate=false';
  throw new Error(`error validating ${JSON.stringify(source)}: error validating data: ${text}; ${hint}`);
}

/** For verbs that only need to know which object is meant. @throws Error when the document does not say what it is. */
export function requireType({ object, source }: Document): void {
  const missing = object.kind ? (object.apiVersion ? undefined : 'apiVersion') : 'Kind';
  if (missing) throw new Error(`unable to decode ${JSON.stringify(source)}: Object '${missing}' is missing in '${goJson(object)}'`);
}
