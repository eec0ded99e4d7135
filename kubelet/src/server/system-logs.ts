import { createReadStream } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { extname, join, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { RequestError } from './find.ts';

/** Beside plain text, what is found among logs. */
const types: Readonly<Record<string, string>> = {
  '.gz': 'application/gzip',
  '.json': 'application/json',
  '.html': 'text/plain; charset=utf-8',
};

/**
 * Answers `/logs/…` with a file below `root`, or with a list of links where it is a directory, as Kubernetes does. Unlike Kubernetes, no
 * symbolic link leads out of `root`: pods that may write there could show any file of the node. @throws RequestError 404
 */
export async function serveSystemLogs(root: string, path: string, response: ServerResponse): Promise<void> {
  const file = await within(root, path);
  const found = await stat(file).catch(missing);
  if (found.isDirectory()) {
    const folder = path.slice(path.lastIndexOf('/') + 1) || 'logs';
    // Links in a list are relative to it.
    if (!path.endsWith('/')) return void response.writeHead(301, { location: `${encodeURIComponent(folder)}/` }).end();
    return void response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(await listing(file));
  }
  if (!found.isFile() || path.endsWith('/')) return missing();
  response.writeHead(200, {
    'content-type': types[extname(file)] ?? 'text/plain; charset=utf-8',
    'last-modified': found.mtime.toUTCString(),
  });
  // A log that grows meanwhile is shown as it was; whoever goes away in between is nobody's trouble.
  if (found.size === 0) return void response.end();
  await pipeline(createReadStream(file, { end: found.size - 1 }), response).catch(() => response.destroy());
}

/** The real place of a path below `root`, which it may not leave. */
async function within(root: string, path: string): Promise<string> {
  if (path.includes('\0')) return missing();
  const base = await realpath(root).catch(missing);
  const file = await realpath(join(base, resolve('/', path))).catch(missing);
  return file === base || file.startsWith(base + sep) ? file : missing();
}

async function listing(directory: string): Promise<string> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(missing);
  const names = entries.map((entry) => `${entry.name}${entry.isDirectory() ? '/' : ''}`).sort();
  const links = names.map((name) => `<a href="${link(name)}">${text(name)}</a>\n`);
  return `<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${links.join('')}</pre>\n`;
}

/** A name with a colon would be taken for a URL. */
function link(name: string): string {
  const encoded = name.split('/').map(encodeURIComponent).join('/');
  return encoded.includes('%3A') ? `./${encoded}` : encoded;
}

function text(name: string): string {
  return name.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&#34;').replaceAll("'", '&#39;');
}

function missing(): never {
  throw new RequestError(404, '404 page not found');
}
