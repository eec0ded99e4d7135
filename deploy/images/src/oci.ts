import { createHash } from 'node:crypto';
import { type TarEntry, tar } from './tar.ts';

/** The part of an image's configuration that says what to run. */
export interface RunConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  /** `NAME=value`. */
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly ExposedPorts?: Readonly<Record<string, Record<string, never>>>;
  readonly Labels?: Readonly<Record<string, string>>;
}

export interface Image {
  /** Full names: `docker.io/library/busybox:1.37`. */
  readonly refs: readonly string[];
  /** Bottom first. */
  readonly layers: readonly (readonly TarEntry[])[];
  readonly config: RunConfig;
  /** In Go's words: `amd64`, `arm64`. */
  readonly architecture: string;
}

export interface ImageArchive {
  /** A tar of an OCI image layout. */
  readonly archive: Buffer;
  /** The manifest's digest, which a runtime lists the image under. */
  readonly digest: string;
}

interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly bytes: Buffer;
}

const media = 'application/vnd.oci.image';

/** Writes an image as an OCI archive. Layers are not compressed; equal images give equal bytes and digests. */
export function imageArchive({ refs, layers, config, architecture }: Image): ImageArchive {
  const layerBlobs = layers.map((entries) => blob(`${media}.layer.v1.tar`, tar(entries)));
  const created = '1970-01-01T00:00:00Z';
  const configBlob = jsonBlob(`${media}.config.v1+json`, {
    created,
    architecture,
    os: 'linux',
    config,
    rootfs: { type: 'layers', diff_ids: layerBlobs.map(({ digest }) => digest) },
    history: layerBlobs.map(() => ({ created, created_by: 'keelson' })),
  });
  const manifest = jsonBlob(`${media}.manifest.v1+json`, {
    schemaVersion: 2,
    mediaType: `${media}.manifest.v1+json`,
    config: descriptor(configBlob),
    layers: layerBlobs.map(descriptor),
  });
  const manifests = refs.map((ref) => ({
    ...descriptor(manifest),
    annotations: { 'io.containerd.image.name': ref, 'org.opencontainers.image.ref.name': ref.slice(ref.lastIndexOf(':') + 1) },
    platform: { architecture, os: 'linux' },
  }));
  const file = (path: string, content: Buffer): TarEntry => ({ path, type: 'file', content });
  const index = { schemaVersion: 2, mediaType: `${media}.index.v1+json`, manifests };
  const archive = tar([
    file('oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}')),
    file('index.json', Buffer.from(JSON.stringify(index))),
    { path: 'blobs', type: 'directory' },
    { path: 'blobs/sha256', type: 'directory' },
    ...[manifest, configBlob, ...layerBlobs].map(({ digest, bytes }) => file(`blobs/${digest.replace(':', '/')}`, bytes)),
  ]);
  return { archive, digest: manifest.digest };
}

function blob(mediaType: string, bytes: Buffer): Blob {
  return { mediaType, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`, size: bytes.length, bytes };
}

function jsonBlob(mediaType: string, value: unknown): Blob {
  return blob(mediaType, Buffer.from(JSON.stringify(value)));
}

function descriptor({ mediaType, digest, size }: Blob): Omit<Blob, 'bytes'> {
  return { mediaType, digest, size };
}
