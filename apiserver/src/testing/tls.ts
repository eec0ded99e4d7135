import { once } from 'node:events';
import type { ClientRequestArgs, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import { systemClock } from '@keelson/base';
import { type Credential, createCA, type FrontProxyTrust, issue } from '@keelson/pki';
import { authoritiesOf, type Trust } from '../auth/trust.ts';
import { listen, type Patience } from '../http/listener/server.ts';
import { type Fixture, type FixtureOptions, startServer } from './fixture.ts';

/** The whole API server on a memory store behind its real TLS listener, with its authorities. */
export interface TlsFixture extends Fixture {
  readonly port: number;
  readonly ca: Credential;
  readonly frontProxyCA: Credential;
  /** A client certificate of the server's client CA, unless of another. */
  certificate(commonName: string, organizations?: readonly string[], ca?: Credential): Promise<Credential>;
  /** One request on a connection of its own. */
  ask(path: string, question?: Question): Promise<Reply>;
  /** A connection on which anything can be written. */
  dial(credential?: Credential): Promise<TLSSocket>;
}

export interface Question {
  readonly method?: string;
  /** Arrays are sent as so many lines. */
  readonly headers?: OutgoingHttpHeaders | readonly string[];
  readonly body?: string | Buffer;
  readonly credential?: Credential | undefined;
  readonly token?: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A bootstrapped server that listens on 127.0.0.1; the caller closes it. */
export async function startTlsServer(options: FixtureOptions = {}, patience?: Patience): Promise<TlsFixture> {
  const clock = systemClock;
  const [ca, frontProxyCA] = await Promise.all([
    createCA({ commonName: 'kubernetes', days: 1, clock }),
    createCA({ commonName: 'front-proxy-ca', days: 1, clock }),
  ]);
  const serving = await issue({ ca, commonName: 'kube-apiserver', ips: ['127.0.0.1'], usages: ['server'], days: 1, clock });
  const trust: Trust = { clientCA: ca.certPem, frontProxies: trustIn(frontProxyCA) };
  const fixture = await startServer({ trust: () => trust, ...options });
  const listener = await listen({
    ...{ host: '127.0.0.1', port: 0, cert: serving.certPem, key: serving.keyPem, ...(patience ? { patience } : {}) },
    clientCA: authoritiesOf(trust),
    handle: fixture.server.handle,
    upgrade: fixture.server.upgrade,
  });
  const { port } = listener;
  const base = (credential: Credential | undefined) => ({
    ...{ host: '127.0.0.1', port, ca: ca.certPem },
    ...(credential ? { cert: credential.certPem, key: credential.keyPem } : {}),
  });
  return {
    ...{ ...fixture, port, ca, frontProxyCA },
    certificate: (commonName, organizations = [], by = ca) =>
      issue({ ca: by, commonName, organizations, usages: ['client'], days: 1, clock }),
    ask: (path, question = {}) => ask({ ...base(question.credential), path }, question),
    async dial(credential) {
      const socket = connect(base(credential));
      socket.on('error', () => undefined);
      await once(socket, 'secureConnect');
      return socket;
    },
    async close() {
      await Promise.all([fixture.close(), listener.close()]);
    },
  };
}

function trustIn({ certPem: caPem }: Credential): FrontProxyTrust {
  return {
    ...{ caPem, allowedNames: ['front-proxy-client'], usernameHeaders: ['X-Remote-User'], uidHeaders: ['X-Remote-Uid'] },
    ...{ groupHeaders: ['X-Remote-Group'], extraHeaderPrefixes: ['X-Remote-Extra-'] },
  };
}

function ask(target: RequestOptions, { method = 'GET', headers = {}, body, token }: Question): Promise<Reply> {
  const all = Array.isArray(headers) ? [...headers] : { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  return new Promise((resolve, reject) => {
    const request = httpsRequest({ ...target, method, headers: all as ClientRequestArgs['headers'], agent: false });
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() }),
      );
    });
    request.end(body);
  });
}
