import { chmod, chown, mkdir, mkdtemp, readdir, readFile, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { VolumeFile } from './host.ts';
import { giveToGroup } from './ownership.ts';

/** gid -1: keep the group. */
const sameGroup = 0xffffffff;

/**
 * Makes `directory` show exactly `files`: they are written to a fresh hidden directory, and one rename of the link `..data` switches
 * every reader over, as in Kubernetes' volumes. Each top-level name is a link through `..data`.
 */
export async function publishAtomically(directory: string, files: ReadonlyMap<string, VolumeFile>, gid: number | undefined): Promise<void> {
  const current = await readlink(join(directory, '..data')).catch(() => undefined);
  if (current !== undefined && (await shows(join(directory, current), files))) return;
  const fresh = await mkdtemp(join(directory, `..${stamp(current)}`));
  await chmod(fresh, 0o755);
  for (const [path, file] of files) await put(join(fresh, path), file);
  if (gid !== undefined) await giveToGroup(fresh, gid, { readOnly: true, onRootMismatch: false });
  const name = fresh.slice(directory.length + 1);
  // One that a kubelet left that ended just here.
  await rm(join(directory, '..data_tmp'), { force: true });
  await symlink(name, join(directory, '..data_tmp'));
  await rename(join(directory, '..data_tmp'), join(directory, '..data'));
  await relink(directory, new Set(Array.from(files.keys(), (path) => path.split('/')[0] ?? path)));
  if (current !== undefined) await rm(join(directory, current), { recursive: true, force: true });
}

/** Names of generations sort in the order they were made. */
function stamp(current: string | undefined): string {
  const number = Number(/^\.\.(\d+)\./.exec(current ?? '')?.[1] ?? 0) + 1;
  return `${String(number).padStart(6, '0')}.`;
}

async function put(path: string, { data, mode, uid }: VolumeFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, data);
  if (uid !== undefined) await chown(path, uid, sameGroup);
  await chmod(path, mode);
}

async function relink(directory: string, wanted: ReadonlySet<string>): Promise<void> {
  const present = (await readdir(directory)).filter((name) => !name.startsWith('..'));
  for (const name of present) if (!wanted.has(name)) await rm(join(directory, name), { recursive: true, force: true });
  for (const name of wanted) if (!present.includes(name)) await symlink(join('..data', name), join(directory, name));
}

async function shows(directory: string, files: ReadonlyMap<string, VolumeFile>): Promise<boolean> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  if (entries.filter((entry) => entry.isFile()).length !== files.size) return false;
  for (const [path, file] of files) {
    const data = await readFile(join(directory, path)).catch(() => undefined);
    if (!data?.equals(file.data)) return false;
    const { mode } = await stat(join(directory, path));
    if ((mode & file.mode) !== file.mode) return false;
  }
  return true;
}
