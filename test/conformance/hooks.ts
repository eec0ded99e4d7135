import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { systemClock } from '@keelson/base';
import { createCA, issue } from '@keelson/pki';
import type { Context } from './context.ts';

/** Answers one request, whose body is `text`. Undefined: nothing is answered, ever. */
export type Handler = (request: IncomingMessage, text: string) => Promise<{ status: number; body: object } | undefined>;

/** Answers one posted review. Undefined: nothing is answered, ever. */
export type Answer<Review> = (review: Review) => object | undefined | Promise<object | undefined>;

/** How an API server reaches one path of the server. */
export type ClientConfig = { readonly url: string; readonly caBundle: string };

/** Where a server of the spec listens, and whom one must trust to believe it; base64 of PEM. */
export interface Listening {
  readonly host: string;
  readonly port: number;
  readonly caBundle: string;
}

/** Serves TLS from the address by which this machine reaches the API server, until the spec ends. Clients show certificates of `clientCA`. */
export async function serve(c: Context, handler: Handler, names: readonly string[] = [], clientCA?: string): Promise<Listening> {
  const host = await ownAddress(c);
  const clock = systemClock;
  const ca = await createCA({ commonName: 'spec-ca', days: 1, clock });
  const tls = await issue({ ca, commonName: 'spec', ips: [host], dnsNames: names, usages: ['server'], days: 1, clock });
  const demand = clientCA ? { ca: clientCA, requestCert: true } : {};
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const said = await handler(request, Buffer.concat(chunks).toString());
    if (said) response.writeHead(said.status, { 'content-type': 'application/json' }).end(JSON.stringify(said.body));
  };
  const server = createServer({ cert: tls.certPem, key: tls.keyPem, ...demand }, answer);
  await new Promise<void>((done) => server.listen(0, host, done));
  c.after(async () => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { host, port, caBundle: Buffer.from(ca.certPem).toString('base64') };
}

/** Serves webhooks by their paths. Answers what a configuration says to reach a path. */
export async function serveHooks<Review>(
  c: Context,
  answers: Readonly<Record<string, Answer<Review>>>,
): Promise<(path: string) => ClientConfig> {
  const { host, port, caBundle } = await serve(c, async (request, text) => {
    const answer = answers[new URL(request.url ?? '', 'https://hooks').pathname];
    if (!answer) return { status: 404, body: {} };
    const said = await answer(JSON.parse(text) as Review);
    return said && { status: 200, body: said };
  });
  return (path) => ({ url: `https://${host}:${port}${path}`, caBundle });
}

/** Our end of a connection to the API server: where it can reach us in return. */
function ownAddress({ config }: Context): Promise<string> {
  const { hostname, port } = new URL(config.getCurrentCluster()?.server ?? '');
  return new Promise((done, fail) => {
    const socket = connect(Number(port || 443), hostname, () => {
      done(socket.localAddress ?? '127.0.0.1');
      socket.destroy();
    });
    socket.on('error', fail);
  });
}
