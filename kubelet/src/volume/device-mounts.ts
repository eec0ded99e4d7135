import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { DeviceOptions } from './host.ts';
import { isMounted, mount } from './mounttable.ts';

const run = promisify(execFile);

/** What waits for its turn with a device: two pods must not both find it empty. */
const turns = new Map<string, Promise<void>>();

/**
 * Shows the file system on a block device at `target`, and makes it first on a device that holds nothing, as upstream's kubelet does. One that
 * holds something else is left as it is.
 * @throws Error in upstream's words.
 */
export async function mountDevice(device: string, target: string, options: DeviceOptions): Promise<void> {
  const before = turns.get(device) ?? Promise.resolve();
  const mine = before.catch(() => undefined).then(() => mountInTurn(device, target, options));
  turns.set(device, mine);
  try {
    await mine;
  } finally {
    if (turns.get(device) === mine) turns.delete(device);
  }
}

async function mountInTurn(device: string, target: string, { fsType, options, readOnly }: DeviceOptions): Promise<void> {
  await mkdir(target, { recursive: true, mode: 0o750 });
  if (await isMounted(target)) return;
  const wanted = fsType || 'ext4';
  const held = await heldBy(device);
  if (held === undefined) {
    if (readOnly) throw new Error(`cannot mount unformatted disk ${device} as we are manipulating it in read-only mode`);
    await run(`mkfs.${wanted}`, [...(/^ext[34]$/.test(wanted) ? ['-F', '-m0'] : []), device]);
  }
  try {
    await mount('-t', wanted, '-o', ['defaults', ...options].join(','), device, target);
  } catch (error) {
    if (held === undefined || held === wanted) throw error;
    throw new Error(`failed to mount the volume as "${wanted}", it already contains ${held}. Mount error: ${(error as Error).message}`);
  }
  // A device has one state of its own for all its mounts: who reads only does so by a mount of the directory.
  if (readOnly) await mount('-o', 'remount,bind,ro', target);
}

/** What a device holds: the type of its file system, or that there is something else on it. Undefined for nothing. @throws where it cannot be read. */
async function heldBy(device: string): Promise<string | undefined> {
  try {
    const { stdout } = await run('blkid', ['-p', '-s', 'TYPE', '-s', 'PTTYPE', '-o', 'export', device]);
    const told = Object.fromEntries(stdout.split('\n').map((line) => line.split('=', 2)));
    return told.PTTYPE ? 'unknown data, probably partitions' : told.TYPE;
  } catch (error) {
    // Its way to say that it found nothing.
    if ((error as { code?: unknown }).code === 2) return undefined;
    throw error;
  }
}
