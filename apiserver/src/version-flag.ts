import { versionInfo } from '@keelson/component';
import type { VersionInfo } from './discovery/routes.ts';

/** A command line without `--version=v…`, and the version the server says it is. */
export interface VersionFlag {
  readonly argv: string[];
  readonly version: VersionInfo;
}

/**
 * `--version=v1.36.0-vendor`, as upstream takes it: what `/version` tells, where somebody marks a build of their own. Every other
 * `--version` is left to those who print it. @throws Error for another release than this one.
 */
export function versionFlag(argv: readonly string[]): VersionFlag {
  const flag = /^--version=(v.*)$/;
  const gitVersion = argv.map((argument) => flag.exec(argument)?.[1]).findLast((found) => found !== undefined);
  if (gitVersion === undefined) return { argv: [...argv], version: versionInfo };
  const release = versionInfo.gitVersion.replace(/[-+].*/, '');
  if (!/^[-+][0-9A-Za-z.+-]+$|^$/.test(gitVersion.slice(release.length)) || !gitVersion.startsWith(release))
    throw new Error(`--version=${gitVersion}: only ${release} with a suffix, such as ${release}-vendor, can be told`);
  return { argv: argv.filter((argument) => !flag.test(argument)), version: { ...versionInfo, gitVersion } };
}
