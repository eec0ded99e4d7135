/** What `/version` answers and `--version` prints: the Kubernetes release whose behaviour this is, built as Keelson. */
export const versionInfo = {
  major: '1',
  minor: '36',
  gitVersion: 'v1.36.0+keelson',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: 'node',
  platform: `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`,
} as const;

/**
 * What a process says it is, with the part of it that asks, in the form of Go's clients: `name/version (os/arch) kubernetes/build/part`. The
 * server takes the name, up to the first slash, for the manager of the fields it writes.
 */
export function userAgent(program: string, part?: string): string {
  const { gitVersion, platform } = versionInfo;
  return `${program}/${gitVersion} (${platform}) kubernetes/keelson${part === undefined ? '' : `/${part}`}`;
}
