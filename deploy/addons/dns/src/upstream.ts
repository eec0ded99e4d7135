import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import type { Clock } from '@keelson/base';
import { Frames, framed } from './frames.ts';

export type Transport = 'udp' | 'tcp';

/** Somebody else's name servers. */
export interface Upstream {
  /** The answer of the first that gives one to a query as it stands. @throws when none does. */
  ask(query: Buffer, transport: Transport): Promise<Buffer>;
}

/** As long as one server is waited for before the next is asked; milliseconds. */
const patience = 2000;
/** Questions under way; beyond it they fail at once, so that a dead upstream does not fill the memory. */
const mostAtOnce = 1000;

/** Asks `servers` (addresses) at port 53, in their order. */
export function upstreamOf(servers: readonly string[], clock: Clock, port = 53): Upstream {
  let underWay = 0;
  return {
    async ask(query, transport) {
      if (underWay >= mostAtOnce) throw new Error('too many questions under way');
      underWay += 1;
      try {
        return await firstAnswer(servers, (server) => (transport === 'udp' ? askUdp : askTcp)({ server, port }, query, clock));
      } finally {
        underWay -= 1;
      }
    },
  };
}

async function firstAnswer(servers: readonly string[], ask: (server: string) => Promise<Buffer>): Promise<Buffer> {
  let failure: unknown = new Error('no name server to ask');
  for (const server of servers) {
    try {
      return await ask(server);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

interface Place {
  readonly server: string;
  readonly port: number;
}

/** From a port of its own, which an attacker would have to guess. */
function askUdp({ server, port }: Place, query: Buffer, clock: Clock): Promise<Buffer> {
  const socket = createSocket(isIPv6(server) ? 'udp6' : 'udp4');
  return waitFor(
    clock,
    server,
    () => socket.close(),
    (resolve, reject) => {
      socket.on('error', reject);
      socket.on('message', (answer) => {
        if (answers(answer, query)) resolve(answer);
      });
      // Connected, it takes packets from that server only, and hears of it when nobody listens there.
      socket.connect(port, server, () => socket.send(query));
    },
  );
}

function askTcp({ server, port }: Place, query: Buffer, clock: Clock): Promise<Buffer> {
  const socket = connect(port, server);
  return waitFor(
    clock,
    server,
    () => socket.destroy(),
    (resolve, reject) => {
      const frames = new Frames();
      socket.on('error', reject).on('close', () => reject(new Error(`${server} hung up`)));
      socket.on('data', (chunk) => {
        for (const answer of frames.add(chunk)) if (answers(answer, query)) resolve(answer);
      });
      socket.write(framed(query));
    },
  );
}

function answers(answer: Buffer, query: Buffer): boolean {
  return answer.length >= 12 && answer.readUInt16BE(0) === query.readUInt16BE(0);
}

type Begin = (resolve: (answer: Buffer) => void, reject: (error: Error) => void) => void;

function waitFor(clock: Clock, server: string, close: () => void, begin: Begin): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const timer = clock.after(patience, () => reject(new Error(`${server} does not answer`)));
  begin(resolve, reject);
  return promise.finally(() => {
    timer.cancel();
    close();
  });
}

/** The servers of a resolv.conf(5), those on this host's loopback left out: in a pod that is the pod itself. */
export function nameservers(resolvConf: string): string[] {
  const found = [...resolvConf.matchAll(/^\s*nameserver\s+([^\s#;]+)/gm)].map(([, server = '']) => server);
  return found.filter((server) => !/^(127\.|::1$|0\.0\.0\.0$|::$)/.test(server));
}
