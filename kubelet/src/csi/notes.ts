import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What is written beside a mount, so that a later kubelet can end it. Kubernetes' own names. */
export interface Note {
  readonly driverName: string;
  readonly volumeHandle: string;
  readonly specVolID: string;
  /** Of its VolumeAttachment; empty where nothing is attached. */
  readonly attachmentID?: string;
}

const noteName = 'vol_data.json';

export async function keepNote(directory: string, note: Note): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o750 });
  await writeFile(join(directory, noteName), JSON.stringify(note), { mode: 0o600 });
}

/** undefined: none was written, or not to its end. */
export async function readNote(directory: string): Promise<Note | undefined> {
  const text = await readFile(join(directory, noteName), 'utf8').catch(() => '');
  try {
    return JSON.parse(text) as Note;
  } catch {
    return undefined;
  }
}

/** The directories in which drivers' volumes are shown to a pod: those of files, then those of devices. */
export async function volumeDirectories(podDirectory: string): Promise<string[]> {
  const homes = ['volumes', 'volumeDevices'].map((kind) => join(podDirectory, kind, 'kubernetes.io~csi'));
  const lists = homes.map(async (home) => (await readdir(home).catch(() => [])).map((name) => join(home, name)));
  return (await Promise.all(lists)).flat();
}

/** All notes of a node's pods. `root`: the kubelet's root directory. */
export async function notesOfPods(root: string): Promise<Note[]> {
  const pods = await readdir(join(root, 'pods')).catch(() => []);
  const directories = (await Promise.all(pods.map((uid) => volumeDirectories(join(root, 'pods', uid))))).flat();
  return (await Promise.all(directories.map(readNote))).filter((note) => note !== undefined);
}

export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
