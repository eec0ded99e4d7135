import { join } from 'node:path';
import type { Logger } from '@keelson/base';
import { buildProgramImage } from '@keelson/deploy-images';
import { bundlePath, ensureBundles } from '../../../tools/bundle.ts';
import { addonsNamed } from './catalogue.ts';

/** A hundred megabytes each, and the same for every cluster. */
const directory = join(import.meta.dirname, '../../../.cache/images');

/** Bundles the addons' programs and builds their images, where they are not current, and returns the paths of the archives. */
export async function buildAddonImages(names: readonly string[], log: Logger): Promise<string[]> {
  const wanted = addonsNamed(names);
  if (wanted.length === 0) return [];
  await ensureBundles(
    log,
    wanted.map(({ name }) => name),
  );
  const archives: string[] = [];
  // One after the other: each is built in memory.
  for (const { name, image } of wanted) archives.push(await buildProgramImage({ ref: image, bundle: bundlePath(name) }, directory, log));
  return archives;
}
