/** What `kubectl version` says of itself: the Kubernetes release whose behaviour this is. */
export const clientVersion = {
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
