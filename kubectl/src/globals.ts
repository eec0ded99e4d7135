import { homedir } from 'node:os';
import { join } from 'node:path';
import type { FlagSpecs } from './flags.ts';

/** Flags that every command takes, as `kubectl options` lists them. */
export const globalFlags = {
  as: {
    type: 'string',
    help: 'Username to impersonate for the operation. User could be a regular user or a service account in a namespace.',
  },
  'as-group': { type: 'array', help: 'Group to impersonate for the operation, this flag can be repeated to specify multiple groups.' },
  'as-uid': { type: 'string', help: 'UID to impersonate for the operation.' },
  'as-user-extra': {
    type: 'array',
    help: 'User extras to impersonate for the operation, in the format KEY=VALUE; this flag can be repeated to specify multiple values.',
  },
  'cache-dir': {
    type: 'string',
    default: join(homedir(), '.kube', 'cache'),
    help: 'Default cache directory; discovery is not kept on disk',
  },
  'certificate-authority': { type: 'string', help: 'Path to a cert file for the certificate authority' },
  'client-certificate': { type: 'string', help: 'Path to a client certificate file for TLS' },
  'client-key': { type: 'string', help: 'Path to a client key file for TLS' },
  cluster: { type: 'string', help: 'The name of the kubeconfig cluster to use' },
  context: { type: 'string', help: 'The name of the kubeconfig context to use' },
  'disable-compression': { type: 'bool', help: 'If true, opt-out of response compression for all requests to the server' },
  'insecure-skip-tls-verify': {
    type: 'bool',
    help: "If true, the server's certificate will not be checked for validity. This will make your HTTPS connections insecure",
  },
  kubeconfig: { type: 'string', help: 'Path to the kubeconfig file to use for CLI requests.' },
  kuberc: {
    type: 'string',
    help: 'Path to the kuberc file to use for preferences. This can be disabled by exporting KUBECTL_KUBERC=false feature gate or turning off the feature KUBERC=off.',
  },
  'log-flush-frequency': { type: 'duration', default: 5000, help: 'Maximum number of seconds between log flushes' },
  'match-server-version': { type: 'bool', help: 'Require server version to match client version' },
  namespace: { type: 'string', short: 'n', help: 'If present, the namespace scope for this CLI request' },
  password: { type: 'string', help: 'Password for basic authentication to the API server' },
  profile: {
    type: 'string',
    default: 'none',
    help: 'Name of profile to capture. One of (none|cpu|heap|goroutine|threadcreate|block|mutex|trace)',
  },
  'profile-output': { type: 'string', default: 'profile.pprof', help: 'Name of the file to write the profile to' },
  'request-timeout': {
    type: 'string',
    default: '0',
    help: 'The length of time to wait before giving up on a single server request. A value of zero means no timeout.',
  },
  server: { type: 'string', short: 's', help: 'The address and port of the Kubernetes API server' },
  'tls-server-name': { type: 'string', help: 'Server name to use for server certificate validation' },
  token: { type: 'string', help: 'Bearer token for authentication to the API server' },
  user: { type: 'string', help: 'The name of the kubeconfig user to use' },
  username: { type: 'string', help: 'Username for basic authentication to the API server' },
  v: { type: 'int', short: 'v', help: 'number for the log level verbosity' },
  vmodule: { type: 'string', help: 'comma-separated list of pattern=N settings for file-filtered logging' },
  'warnings-as-errors': { type: 'bool', help: 'Treat warnings received from the server as errors and exit with a non-zero exit code' },
  help: { type: 'bool', short: 'h', help: 'help for the command', hidden: true },
} as const satisfies FlagSpecs;
