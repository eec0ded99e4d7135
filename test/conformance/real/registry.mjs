/* A registry with one image of two files, for whom it runs beside: node --input-type=module --eval <this file> -- PORT */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

const [port] = process.argv.slice(1).map(Number);
const digestOf = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** One file of a ustar archive. */
function entry(path, text) {
  const head = Buffer.alloc(512);
  const octal = (number, length) => `${number.toString(8).padStart(length - 1, '0')}\0`;
  head.write(path);
  head.write(`${octal(0o644, 8)}${octal(0, 8)}${octal(0, 8)}${octal(text.length, 12)}${octal(0, 12)}${' '.repeat(8)}0`, 100);
  head.write('ustar\x0000', 257);
  head.write(
    octal(
      head.reduce((sum, byte) => sum + byte),
      8,
    ),
    148,
  );
  return Buffer.concat([head, Buffer.from(text.padEnd(Math.ceil(text.length / 512) * 512, '\0'))]);
}

const layer = Buffer.concat([entry('data.json', '{"image":"kitten.jpg"}'), entry('etc/os-release', 'Alpine Linux'), Buffer.alloc(1024)]);
const platform = { architecture: process.arch === 'x64' ? 'amd64' : process.arch, os: 'linux' };
const config = Buffer.from(JSON.stringify({ ...platform, config: {}, rootfs: { type: 'layers', diff_ids: [digestOf(layer)] } }));
const type = 'application/vnd.oci.image';
const described = (mediaType, bytes) => ({ mediaType, digest: digestOf(bytes), size: bytes.length });
const manifest = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: `${type}.manifest.v1+json`,
    config: described(`${type}.config.v1+json`, config),
    layers: [described(`${type}.layer.v1.tar`, layer)],
  }),
);
const blobs = new Map([layer, config, manifest].map((bytes) => [digestOf(bytes), bytes]));

createServer(({ url, method }, response) => {
  const [, kind, reference] = /\/(manifests|blobs)\/(.+)$/.exec(url) ?? [];
  const bytes = blobs.get(reference) ?? (kind === 'manifests' ? manifest : undefined);
  if (!kind) return response.end('{}');
  if (!bytes) return response.writeHead(404).end();
  const media = kind === 'manifests' ? `${type}.manifest.v1+json` : 'application/octet-stream';
  response.writeHead(200, { 'content-type': media, 'content-length': bytes.length, 'docker-content-digest': digestOf(bytes) });
  response.end(method === 'HEAD' ? undefined : bytes);
}).listen(port, '0.0.0.0', () => process.stdout.write(`serving on ${port}\n`));
process.on('SIGTERM', () => process.exit(0));
