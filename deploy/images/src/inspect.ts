import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { errorMessage } from '@keelson/base';
import { readTar } from './tar.ts';

/** The images an archive holds. Digests are known for OCI archives only. */
export interface ArchiveContents {
  readonly images: readonly { readonly ref: string; readonly digest?: string }[];
  /** The name to import under, when the archive gives one in a place the runtime does not look at. */
  readonly indexName?: string;
}

interface Index {
  readonly manifests?: readonly { readonly digest?: string; readonly annotations?: Readonly<Record<string, string>> }[];
}

/** Opens an archive, plain or gzipped. @throws when there is no such file. */
export async function openArchive(path: string): Promise<Readable> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw new Error(error.code === 'ENOENT' ? `no such file: ${path}` : `cannot read ${path}: ${error.message}`);
  });
  const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0).finally(() => file.close());
  const stream = createReadStream(path, { highWaterMark: 1 << 20 });
  return buffer.readUInt16BE() === 0x1f8b ? stream.pipe(createGunzip()) : stream;
}

/** What an OCI archive or the output of `docker save` holds. @throws one sentence naming the file when it is neither. */
export async function inspectArchive(path: string): Promise<ArchiveContents> {
  const found = new Map<string, Buffer>();
  const stream = await openArchive(path);
  try {
    for await (const { path: name, content } of readTar(stream, (name) => name === 'index.json' || name === 'manifest.json')) {
      if (content) found.set(name, content);
    }
    return contentsOf(found);
  } catch (error) {
    throw new Error(`${path} is no docker or OCI image archive: ${errorMessage(error)}`);
  } finally {
    stream.destroy();
  }
}

/** Reads the two files that can name images. */
export function contentsOf(files: ReadonlyMap<string, Buffer>): ArchiveContents {
  const [oci, docker] = [files.get('index.json'), files.get('manifest.json')];
  if (oci) return indexContents(JSON.parse(oci.toString()) as Index);
  if (!docker) throw new Error('it has neither index.json nor manifest.json');
  const manifests = JSON.parse(docker.toString()) as readonly { readonly RepoTags?: readonly string[] | null }[];
  const images = manifests.flatMap(({ RepoTags }) => (RepoTags ?? []).map((tag) => ({ ref: fullName(tag) })));
  if (images.length === 0) throw new Error('its image has no name; save it by name and tag');
  return { images };
}

function indexContents({ manifests = [] }: Index): ArchiveContents {
  const images = manifests.flatMap(({ digest, annotations }) => {
    const ref = annotations?.['io.containerd.image.name'];
    return ref === undefined ? [] : [digest === undefined ? { ref } : { ref, digest }];
  });
  if (images.length > 0) return { images };
  const [only] = manifests.map(({ annotations }) => annotations?.['org.opencontainers.image.ref.name']);
  if (manifests.length !== 1 || !only || !/[/:]/.test(only)) throw new Error('its image has no name; save it by name and tag');
  return { images: [{ ref: fullName(only) }], indexName: fullName(only) };
}

/** The name a runtime knows an image by: `busybox` is `docker.io/library/busybox:latest`. */
export function fullName(name: string): string {
  const [first = '', ...rest] = name.split('/');
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const path = hasHost ? name : rest.length > 0 ? `docker.io/${name}` : `docker.io/library/${name}`;
  return /[:@]/.test(path.slice(path.lastIndexOf('/'))) ? path : `${path}:latest`;
}
