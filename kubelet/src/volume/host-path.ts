import { ConfigError } from '../config/errors.ts';
import type { Host, PathKind } from './host.ts';

const wantedKinds: Readonly<Record<string, PathKind>> = {
  Directory: 'directory',
  DirectoryOrCreate: 'directory',
  File: 'file',
  FileOrCreate: 'file',
  Socket: 'socket',
  CharDevice: 'charDevice',
  BlockDevice: 'blockDevice',
};

const kindNames: Readonly<Record<PathKind, string>> = {
  directory: 'a directory',
  file: 'a file',
  socket: 'a socket file',
  charDevice: 'a character device',
  blockDevice: 'a block device',
};

/** Checks what a hostPath volume names against its type, and makes it where the type asks for that. @throws ConfigError when it does not fit. */
export async function prepareHostPath(host: Host, path: string, type: string): Promise<void> {
  const wanted = wantedKinds[type];
  if (!wanted) return;
  const found = await host.kind(path);
  if (!found && type === 'DirectoryOrCreate') return host.directory(path, { mode: 0o755 });
  if (!found && type === 'FileOrCreate') return makeFile(host, path);
  if (found !== wanted) throw new ConfigError(`hostPath type check failed: ${path} is not ${kindNames[wanted]}`);
}

/** Only the file is made, never the directory it is to lie in. */
async function makeFile(host: Host, path: string): Promise<void> {
  if (!(await host.kind(path.slice(0, path.lastIndexOf('/')) || '/'))) throw new ConfigError(`open ${path}: no such file or directory`);
  await host.write(path, '', 0o644);
}
