import { readFileSync, realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { allKinds } from '@keelson/types';
import { loadSchemas } from '@keelson/types/schemas';
import type { AnyObject, Shell } from '../types.ts';
import { build } from './build.ts';
import type { Files } from './types.ts';

const disk: Files = {
  read: (path) => {
    try {
      return readFileSync(path);
    } catch {
      throw new Error(`open ${path}: no such file or directory`);
    }
  },
  kindOf: (path) => {
    const found = statSync(path, { throwIfNoEntry: false });
    return found && (found.isDirectory() ? 'folder' : 'file');
  },
  join: resolve,
};

/** The objects of the kustomization in a folder. @throws Error in kustomize's words. */
export async function kustomize(folder: string, shell: Pick<Shell, 'stderr'>): Promise<AnyObject[]> {
  if (/^[a-z+]+:\/\/|\?ref=|^github\.com\//.test(folder)) throw new Error(`remote kustomizations are not supported: ${folder}`);
  const whole = resolve(folder);
  if (disk.kindOf(whole) === undefined) {
    throw new Error(
      `must build at directory: not a valid directory: evalsymlink failure on '${folder}' : lstat ${whole}: no such file or directory`,
    );
  }
  if (disk.kindOf(whole) === 'file') throw new Error(`must build at directory: '${folder}': file is not directory`);
  const typeNames = new Map(allKinds.map(({ apiVersion, kind, typeName }) => [`${apiVersion} ${kind}`, typeName]));
  return build(realpathSync(whole), {
    files: disk,
    schemas: await loadSchemas(),
    typeName: (apiVersion, kind) => typeNames.get(`${apiVersion} ${kind}`),
    warn: (text) => shell.stderr.write(text),
  });
}
