import { accessSync, constants, statSync } from 'node:fs';
import { basename, delimiter, join, normalize } from 'node:path';

/** Which credential programs may run: `AllowAll`, which nothing said means too, `DenyAll`, or `Allowlist`. */
export interface PluginPolicy {
  readonly type: string;
  readonly allowlist: readonly { readonly command: string }[] | undefined;
}

/** @throws Error in client-go's words for a policy that cannot hold. */
export function checkPluginPolicy({ type, allowlist }: PluginPolicy): void {
  if (!['', 'AllowAll', 'DenyAll', 'Allowlist'].includes(type)) throw new Error(`unknown plugin policy: ${JSON.stringify(type)}`);
  if (type !== 'Allowlist') {
    if (!allowlist) return;
    throw new Error(`misconfigured credential plugin allowlist: plugin policy is ${JSON.stringify(type)} but allowlist is non-nil`);
  }
  const set = 'credential plugin policy set to "Allowlist"';
  if (!allowlist) throw new Error(`${set}, but allowlist is unspecified`);
  if (allowlist.length === 0) throw new Error(`${set}, but allowlist is empty; use "DenyAll" policy instead`);
  for (const [i, { command }] of allowlist.entries()) {
    if (command === '') throw new Error(`misconfigured credential plugin allowlist: empty allowlist entry #${i + 1}`);
    const clean = normalize(command).replace(/(.)\/$/, '$1');
    if (clean !== command) throw new Error(`non-normalized file path: ${JSON.stringify(command)} vs ${JSON.stringify(clean)}`);
  }
}

/**
 * Programs are allowed as they are named, or by where on the PATH they are found.
 * @throws Error in client-go's words when the program may not run.
 */
export function requireAllowed(command: string, { type, allowlist = [] }: PluginPolicy, path = process.env.PATH): void {
  if (type === 'DenyAll') throw new Error(`plugin ${JSON.stringify(command)} not allowed: policy set to "DenyAll"`);
  if (type !== 'Allowlist' || allowlist.some((entry) => entry.command === command)) return;
  const found = lookUp(command, path);
  if (found === undefined) {
    const why = command.includes('/')
      ? `exec: ${JSON.stringify(command)}: stat ${command}: no such file or directory`
      : `exec: ${JSON.stringify(command)}: executable file not found in $PATH`;
    throw new Error(`plugin path ${JSON.stringify(command)} cannot be resolved for credential plugin allowlist check: ${why}`);
  }
  const allowed = allowlist.some(
    (entry) => entry.command === found || (basename(entry.command) === basename(found) && lookUp(entry.command, path) === found),
  );
  if (!allowed) throw new Error(`plugin path ${JSON.stringify(found)} is not permitted by the credential plugin allowlist`);
}

/** Where a program is; undefined when it is not there. */
function lookUp(command: string, path = ''): string | undefined {
  if (command.includes('/')) return isProgram(command) ? command : undefined;
  return path
    .split(delimiter)
    .map((folder) => join(folder, command))
    .find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
