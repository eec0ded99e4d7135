import { spawn } from 'node:child_process';
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Shell } from './types.ts';

/** What every plugin's name begins with. */
export const pluginPrefix = 'kubectl-';

export interface Plugin {
  readonly name: string;
  readonly path: string;
  readonly executable: boolean;
}

/** All files of the PATH that are called as plugins are, or otherwise begin with `prefix`, in the order in which they would be found. */
export function findPlugins({ env }: Pick<Shell, 'env'>, unreadable: (folder: string) => void = () => {}, prefix = pluginPrefix): Plugin[] {
  const folders = [...new Set((env.PATH ?? '').split(delimiter).filter((folder) => folder.trim() !== ''))];
  return folders.flatMap((folder) => {
    let names: string[];
    try {
      names = readdirSync(folder).sort();
    } catch {
      unreadable(folder);
      return [];
    }
    const own = names.filter((name) => name.startsWith(prefix) && isFile(join(folder, name)));
    return own.map((name) => ({ name, path: join(folder, name), executable: isExecutable(join(folder, name)) }));
  });
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === false;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Runs the plugin that is named by the longest beginning of the words, `kubectl-foo-bar` for `foo bar`, with the rest as its arguments.
 * Undefined when there is none. @param least how many words its name has at least.
 */
export function runPlugin(argv: readonly string[], shell: Shell, least = 1): Promise<number> | undefined {
  const flag = argv.findIndex((word) => word.startsWith('-'));
  const words = (flag === -1 ? argv : argv.slice(0, flag)).map((word) => word.replaceAll('-', '_'));
  const plugins = findPlugins(shell).filter(({ executable }) => executable);
  for (let length = words.length; length >= least; length--) {
    const name = pluginPrefix + words.slice(0, length).join('-');
    const plugin = plugins.find((each) => each.name === name);
    if (plugin) return execute(plugin.path, argv.slice(length), shell);
  }
  return undefined;
}

function execute(path: string, args: readonly string[], { env }: Shell): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, [...args], { stdio: 'inherit', env: env as NodeJS.ProcessEnv });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}
