import { createServer, isIP, type Server, type Socket } from 'node:net';
import { objectPath, withQuery } from '@keelson/client';
import { Pod, type Service } from '@keelson/types';
import { UsageError } from '../errors.ts';
import { fetchOne } from '../resource/targets.ts';
import { openSocket } from '../stream/socket.ts';
import { type Context, defineVerb } from '../types.ts';
import { podsOf, requireRunningTimeout } from './pods.ts';

export interface PortPair {
  /** 0 takes any free port. */
  readonly local: number;
  readonly remote: number | string;
}

const flags = {
  address: {
    type: 'list',
    default: ['localhost'],
    help: 'Addresses to listen on (comma separated). Only accepts IP addresses or localhost as a value.',
  },
  'pod-running-timeout': { type: 'duration', default: 60_000, help: 'The length of time to wait until at least one pod is running' },
} as const;

export const verb = defineVerb({
  usage: 'port-forward TYPE/NAME [options] [LOCAL_PORT:]REMOTE_PORT [...[LOCAL_PORT_N:]REMOTE_PORT_N]',
  examples: ['# Listen on port 8888 locally, forwarding to 5000 in the pod', 'kubectl port-forward pod/mypod 8888:5000'],
  flags,
  async run(context) {
    const { args, cluster, shell } = context;
    const [target, ...ports] = args;
    if (target === undefined || ports.length === 0)
      throw new UsageError('TYPE/NAME and list of ports are required for port-forward', 'examples');
    requireRunningTimeout(context.flags['pod-running-timeout'], 'examples');
    if (shell.transport) throw new Error('port-forward needs connections of its own, which a cluster in the same process has not');
    const found = await fetchOne(cluster, [target], 'pod');
    const [pod] = await podsOf(cluster, found);
    if (!pod) throw new Error('timed out waiting for the condition');
    if (pod.status?.phase !== 'Running')
      throw new Error(`unable to forward port because pod is not running. Current status=${pod.status?.phase}`);
    const service = found.mapping.kind === 'Service' ? (found.object as unknown as Service) : undefined;
    const pairs = ports.map(parsePair).map(({ local, remote }) => ({ local, remote: podPort(pod, service, remote) }));
    const servers = await Promise.all(pairs.flatMap((pair) => addressesOf(context).map((address) => listen(context, pod, pair, address))));
    await new Promise<void>((resolve) => shell.signal.addEventListener('abort', () => resolve(), { once: true }));
    for (const server of servers) server.close();
  },
});

function addressesOf({ flags: { address } }: Context<typeof flags>): readonly string[] {
  const wrong = address.find((each) => each !== 'localhost' && isIP(each) === 0);
  if (wrong !== undefined) throw new Error(`${wrong} is not a valid IP`);
  return address.length === 0
    ? ['127.0.0.1']
    : [...new Set(address.flatMap((each) => (each === 'localhost' ? ['127.0.0.1', '::1'] : [each])))];
}

/** Reads `80`, `8080:80`, `:80`, `8080:http`. @throws Error in kubectl's words. */
export function parsePair(text: string): PortPair {
  const [, local, remote] = /^(?:(\d*):)?([\w-]+)$/.exec(text) ?? [];
  if (remote === undefined) throw new Error(`invalid port format '${text}'`);
  for (const [side, port] of [
    ['local', local ?? remote],
    ['remote', remote],
  ] as const)
    if (/^\d+$/.test(port) && Number(port) > 65_535)
      throw new Error(`error parsing ${side} port '${port}': strconv.ParseUint: parsing ${JSON.stringify(port)}: value out of range`);
  const number = /^\d+$/.test(remote) ? Number(remote) : remote;
  if (number === 0) throw new Error('remote port must be > 0');
  if (local === undefined) return { local: typeof number === 'number' ? number : 0, remote: number };
  return { local: local === '' ? 0 : Number(local), remote: number };
}

/** The pod's port behind a number or name, of a service or of the pod itself. */
export function podPort(pod: Pod, service: Service | undefined, remote: number | string): number {
  const containers = pod.spec?.containers ?? [];
  const named = (name: string): number => {
    const port = containers.flatMap(({ ports }) => ports ?? []).find((each) => each.name === name)?.containerPort;
    if (port === undefined) throw new Error(`Pod '${pod.metadata.name}' does not have a named port '${name}'`);
    return port;
  };
  if (!service) return typeof remote === 'number' ? remote : named(remote);
  const port = service.spec?.ports?.find((each) => (typeof remote === 'number' ? each.port === remote : each.name === remote));
  if (!port) throw new Error(`Service ${service.metadata.name} does not have a service port ${remote}`);
  const target = service.spec?.clusterIP === 'None' ? port.port : (port.targetPort ?? port.port);
  return typeof target === 'number' ? target : named(target);
}

async function listen(context: Context<typeof flags>, pod: Pod, pair: { local: number; remote: number }, address: string): Promise<Server> {
  const { shell } = context;
  const server = createServer((socket) => {
    shell.stdout.write(`Handling connection for ${port}\n`);
    forward(context, pod, pair.remote, socket).catch((error: unknown) => {
      shell.stderr.write(`error: ${(error as Error).message}\n`);
      socket.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new Error(`unable to listen on port ${pair.local}: ${error.message}`)));
    server.listen(pair.local, address, resolve);
  });
  const bound = server.address();
  const port = typeof bound === 'object' && bound ? bound.port : pair.local;
  shell.stdout.write(`Forwarding from ${address.includes(':') ? `[${address}]` : address}:${port} -> ${pair.remote}\n`);
  return server;
}

const dataChannel = 0;
const errorChannel = 1;

/** One connection, over a WebSocket of its own. Each channel begins with the port in two bytes, which say nothing new. */
async function forward({ cluster, shell }: Context<typeof flags>, pod: Pod, port: number, socket: Socket): Promise<void> {
  socket.pause();
  const { name = '', namespace } = pod.metadata;
  const path = withQuery(objectPath(Pod, { name, namespace }, 'portforward'), { ports: port });
  const web = await openSocket(cluster.connection(), path, ['v4.channel.k8s.io'], cluster.impersonation());
  const greeted = new Set<number>();
  web.on('message', (message: Buffer) => {
    const channel = message[0] ?? dataChannel;
    if (!greeted.has(channel)) return void greeted.add(channel);
    if (channel === dataChannel) take(message.subarray(1));
    else if (channel === errorChannel) shell.stderr.write(`error: an error occurred forwarding ${port}: ${message.subarray(1)}\n`);
  });
  web.on('close', () => socket.end());
  web.on('error', () => socket.destroy());
  // Each side waits for the other: what is fast fills nobody's memory.
  const take = (data: Buffer): void => {
    if (socket.write(data)) return;
    web.pause();
    socket.once('drain', () => web.resume());
  };
  socket.on('data', (data) => {
    socket.pause();
    web.send(Buffer.concat([Buffer.of(dataChannel), data]), () => socket.resume());
  });
  socket.on('close', () => web.close());
  socket.on('error', () => web.terminate());
  socket.resume();
}
