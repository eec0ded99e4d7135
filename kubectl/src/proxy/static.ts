import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { listing } from './listing.ts';

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

/**
 * Serves a file of a folder as Go's file server does: of a folder its `index.html` or else links to all it holds; names that end otherwise
 * than what they name, with a slash or without, and those of index files lead on to the right ones. Answers false where there is nothing.
 * @param rest the path below the prefix, as it was asked for.
 */
export async function serveFile(response: ServerResponse, folder: string, rest: string): Promise<boolean> {
  const asked = decodeURIComponent(rest);
  // Made absolute before it is normalized: no number of dots leads out of the folder.
  const path = join(folder, normalize(`/${asked}`)).replace(/\/$/, '');
  if (asked === 'index.html' || asked.endsWith('/index.html')) return redirect(response, './');
  const found = await stat(path).catch(() => undefined);
  if (!found) return false;
  const name = encodeURIComponent(asked.replace(/\/$/, '').split('/').at(-1) ?? '');
  const slash = asked === '' || asked.endsWith('/');
  if (found.isDirectory() && !slash) return redirect(response, `${name}/`);
  if (!found.isDirectory() && slash) return redirect(response, `../${name}`);
  if (!found.isDirectory()) return sendFile(response, path, found.size);
  const index = await stat(join(path, 'index.html')).catch(() => undefined);
  if (index?.isFile()) return sendFile(response, join(path, 'index.html'), index.size);
  const entries = await readdir(path, { withFileTypes: true });
  const names = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(listing(names));
  return true;
}

/** Leads on to another address, relative to the one asked for or not. */
export function redirect(response: ServerResponse, location: string): true {
  response.writeHead(301, { location }).end();
  return true;
}

function sendFile(response: ServerResponse, path: string, size: number): true {
  response.writeHead(200, { 'content-type': types[extname(path)] ?? 'application/octet-stream', 'content-length': String(size) });
  createReadStream(path).pipe(response);
  return true;
}
