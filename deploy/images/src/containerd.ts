import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { inspectArchive, openArchive } from './inspect.ts';

/** An image that a node has. */
export interface NodeImage {
  readonly ref: string;
  readonly digest: string;
  /** As `ctr` prints it: `2.0 MiB`. */
  readonly size: string;
}

/** Resolves when containerd answers on `socket`. @throws saying what to do when nothing does. */
export function checkContainerd(socket: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const attempt = connect(socket, () => {
      attempt.destroy();
      resolve();
    });
    attempt.on('error', ({ code }: NodeJS.ErrnoException) => {
      const why = { ENOENT: 'there is no such socket', ECONNREFUSED: 'nothing listens there', EACCES: 'permission denied; run it as root' }[
        code ?? ''
      ];
      reject(new Error(`no containerd answers on ${socket}: ${why ?? code}. Start a cluster with: npm run up`));
    });
  });
}

/** The images in Kubernetes' namespace of containerd, by name. */
export async function listImages(socket: string): Promise<NodeImage[]> {
  return parseImageList(await ctr(socket, ['images', 'ls']));
}

/** Reads the table of `ctr images ls`; names that are only a digest, which CRI adds, are left out. */
export function parseImageList(text: string): NodeImage[] {
  const rows = text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s+/));
  return rows
    .map(([ref = '', , digest = '', amount = '', unit = '']) => ({ ref, digest, size: `${amount} ${unit}` }))
    .filter(({ ref }) => ref !== '' && !ref.startsWith('sha256:'));
}

/**
 * Puts archives (OCI or docker, gzipped or not) on the node behind `socket`, except those whose images it has already, and returns the
 * names of all their images. @throws when a file is no image archive, or containerd does not answer or refuses it.
 */
export async function importImages(socket: string, tars: readonly string[]): Promise<string[]> {
  const contents = await Promise.all(tars.map(inspectArchive));
  await checkContainerd(socket);
  const present = new Map((await listImages(socket)).map(({ ref, digest }) => [ref, digest]));
  for (const [at, path] of tars.entries()) {
    const { images = [], indexName } = contents[at] ?? {};
    if (images.every(({ ref, digest }) => digest !== undefined && present.get(ref) === digest)) continue;
    const name = indexName === undefined ? [] : ['--index-name', indexName];
    await ctr(socket, ['images', 'import', ...name, '-'], await openArchive(path));
  }
  return contents.flatMap(({ images }) => images.map(({ ref }) => ref));
}

async function ctr(socket: string, args: readonly string[], input?: Readable): Promise<string> {
  const child = spawn('ctr', ['--address', socket, '--namespace', 'k8s.io', ...args], {
    stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.on('data', (data) => {
      output[name] += data;
    });
  }
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('close', resolve).on('error', ({ code, message }: NodeJS.ErrnoException) => {
      reject(new Error(code === 'ENOENT' ? 'ctr is not installed; it comes with the package containerd' : message));
    });
  });
  // When ctr gives up early its own words say why, not the broken pipe.
  if (input && child.stdin) pipeline(input, child.stdin).catch(() => undefined);
  const code = await ended;
  if (code === 0) return output.stdout;
  throw new Error(
    `ctr ${args.slice(0, 2).join(' ')} failed: ${output.stderr
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^ctr: /, '')}`,
  );
}
