import { existsSync, statSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expressions } from '../proxy/filter.ts';
import { createProxy, type ProxyOptions } from '../proxy/server.ts';
import { type Context, defineVerb, type Shell } from '../types.ts';

const proxyFlags = {
  'accept-hosts': {
    type: 'string',
    default: '^localhost$,^127\\.0\\.0\\.1$,^\\[::1\\]$',
    help: 'Regular expression for hosts that the proxy should accept.',
  },
  'accept-paths': { type: 'string', default: '^.*', help: 'Regular expression for paths that the proxy should accept.' },
  'append-server-path': {
    type: 'bool',
    help: 'If true, enables automatic path appending of the kube context server path to each request.',
  },
  address: { type: 'string', default: '127.0.0.1', help: 'The IP address on which to serve on.' },
  'api-prefix': { type: 'string', default: '/', help: 'Prefix to serve the proxied API under.' },
  'disable-filter': {
    type: 'bool',
    help: 'If true, disable request filtering in the proxy. This is dangerous, and can leave you vulnerable to XSRF attacks, when used with an accessible port.',
  },
  keepalive: {
    type: 'duration',
    help: 'keepalive specifies the keep-alive period for an active network connection. Set to 0 to disable keepalive.',
  },
  port: { type: 'int', short: 'p', default: 8001, help: 'The port on which to run the proxy. Set to 0 to pick a random port.' },
  'reject-methods': {
    type: 'string',
    default: '^$',
    help: "Regular expression for HTTP methods that the proxy should reject (example --reject-methods='POST,PUT,PATCH').",
  },
  'reject-paths': {
    type: 'string',
    default: '^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach',
    help: 'Regular expression for paths that the proxy should reject. Paths specified here will be rejected even accepted by --accept-paths.',
  },
  'unix-socket': { type: 'string', short: 'u', help: 'Unix socket on which to run the proxy.' },
  www: { type: 'string', short: 'w', help: 'Also serve static files from the given directory under the specified prefix.' },
  'www-prefix': {
    type: 'string',
    short: 'P',
    default: '/static/',
    help: 'Prefix to serve static files under, if static file directory is specified.',
  },
} as const;

type ProxyContext = Context<typeof proxyFlags>;

export const verb = defineVerb({
  usage: 'proxy [--port=PORT] [--www=static-dir] [--www-prefix=prefix] [--api-prefix=prefix] [options]',
  description: 'Gives unauthenticated clients on this machine what the API server gives to the user.',
  examples: ['# Proxy all of the Kubernetes API on port 8011', 'kubectl proxy --port=8011'],
  flags: proxyFlags,
  async run(context) {
    const { flags, shell } = context;
    if (flags['unix-socket'] !== '' && (context.changed.has('port') || context.changed.has('address')))
      throw new Error('cannot set --unix-socket and --port or --address at the same time');
    checkFolder(context);
    if (flags.port > 65_535 || flags.port < 0) throw new Error(`listen tcp: address ${flags.port}: invalid port`);
    const server = createProxy(optionsOf(context));
    server.keepAliveTimeout = flags.keepalive;
    const at = await listen(server, flags);
    shell.stdout.write(`Starting to serve on ${at}\n`);
    await untilEnded(server, shell);
  },
});

function checkFolder({ flags, shell }: ProxyContext): void {
  if (flags.www === '') return;
  if (!existsSync(flags.www))
    shell.stderr.write(`Failed to stat static file directory ${JSON.stringify(flags.www)}: no such file or directory\n`);
  else if (!statSync(flags.www).isDirectory())
    shell.stderr.write(`Static file directory ${JSON.stringify(flags.www)} is not a directory\n`);
}

function optionsOf({ flags, cluster, shell }: ProxyContext): ProxyOptions {
  if (flags['disable-filter'] && flags['unix-socket'] === '')
    shell.stderr.write('Request filter disabled, your proxy is vulnerable to XSRF attacks, please be cautious\n');
  const rules = {
    acceptHosts: expressions(flags['accept-hosts'], 'accept-hosts'),
    acceptPaths: expressions(flags['accept-paths'], 'accept-paths'),
    rejectPaths: expressions(flags['reject-paths'], 'reject-paths'),
    rejectMethods: expressions(flags['reject-methods'], 'reject-methods'),
  };
  return {
    transport: cluster.transport,
    upstream: { connection: cluster.connection(), headers: cluster.impersonation() },
    rules: flags['disable-filter'] ? undefined : rules,
    apiPrefix: slashed(flags['api-prefix']),
    files: flags.www === '' ? undefined : { folder: flags.www, prefix: slashed(flags['www-prefix']) },
  };
}

function slashed(prefix: string): string {
  return `/${prefix}/`.replaceAll(/\/+/g, '/');
}

/** Where it listens, as messages say it. */
function listen(server: Server, flags: ProxyContext['flags']): Promise<string> {
  const socket = flags['unix-socket'];
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'bind: address already in use' : error.message;
      const place = socket === '' ? `tcp ${flags.address}:${flags.port}` : `unix ${socket}`;
      reject(new Error(`listen ${place}: ${why}`));
    });
    server.once('listening', () => {
      const { address, port, family } = socket === '' ? (server.address() as AddressInfo) : { address: '', port: 0, family: '' };
      resolve(socket || (family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`));
    });
    if (socket === '') server.listen(flags.port, flags.address);
    else server.listen(socket);
  });
}

function untilEnded(server: Server, { signal }: Shell): Promise<void> {
  return new Promise((resolve) => {
    server.on('close', resolve);
    const stop = (): void => {
      server.close();
      server.closeAllConnections();
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
