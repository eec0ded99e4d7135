import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Makes a folder hold exactly these files; one whose content is as before keeps its time. Answers how many changed. */
export function writeFolder(folder: string, files: ReadonlyMap<string, string>): number {
  let changed = 0;
  mkdirSync(folder, { recursive: true });
  for (const path of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const name = join(path.parentPath, path.name).slice(folder.length + 1);
    if (!path.isDirectory() && !files.has(name)) rmSync(join(folder, name));
  }
  for (const [name, content] of files) {
    const path = join(folder, name);
    if (contentOf(path) === content) continue;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    changed += 1;
  }
  return changed;
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
