import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import { type Clock, systemClock } from '@keelson/base';
import { Links, type LinksOptions } from './links.ts';

/** A client certificate and its private key, PEM. */
export interface ClientCertificate {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

/** The server that is asked. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
}

export interface ConnectionTerms {
  /** PEM. The machine's own authorities when absent. */
  readonly caData?: string | Buffer | undefined;
  readonly insecureSkipTLSVerify?: boolean | undefined;
  /** The name to verify in the server's certificate, when it is not the server's host. */
  readonly serverName?: string | undefined;
  /** Connections for plain requests, 32 unless told. Streams have as many as they need. */
  readonly maxSockets?: number | undefined;
  /** The proxy to go through, as `proxyFor` tells it. */
  readonly proxyUrl?: string | undefined;
  /** Whether writes may share connections, several on their way on each: for those who make many small ones. */
  readonly joinWrites?: boolean | undefined;
  readonly clock?: Clock;
}

/** The connections to one server as one client. */
export interface Connections {
  readonly certificate: ClientCertificate | undefined;
  readonly plain: http.Agent;
  /** Watches and followed logs hold a connection for minutes: they may not use up those of plain requests. */
  readonly streams: http.Agent;
  /** For writes, where they may share connections. */
  readonly links: Links | undefined;
  /** Lets requests finish and keeps no connection. */
  retire(): void;
  /** Breaks off what is under way. */
  close(): void;
}

/** Opens nothing yet: connections are made when they are needed. */
export function connectionsTo(target: Target, terms: ConnectionTerms, certificate: ClientCertificate | undefined): Connections {
  const { maxSockets = 32, joinWrites, proxyUrl, clock = systemClock } = terms;
  const tls = target.secure ? tlsOf(target, terms, certificate) : undefined;
  const through = throughProxy(proxyUrl);
  const agent = (limits: { readonly maxSockets?: number }): http.Agent =>
    tls ? new https.Agent({ ...tls, ...limits, ...through, keepAlive: true }) : new http.Agent({ ...limits, ...through, keepAlive: true });
  const [plain, streams] = [agent({ maxSockets }), agent({})];
  const links = joinWrites && !proxyUrl ? new Links({ host: target.host, port: target.port, tls, clock }) : undefined;
  return {
    ...{ certificate, plain, streams, links },
    retire() {
      links?.retire();
      for (const each of [plain, streams]) retireAgent(each);
    },
    close() {
      links?.close();
      for (const each of [plain, streams]) each.destroy();
    },
  };
}

/** What an agent is told of a proxy. */
export function throughProxy(proxyUrl: string | undefined): Pick<http.AgentOptions, 'proxyEnv'> {
  return proxyUrl ? { proxyEnv: { HTTPS_PROXY: proxyUrl, HTTP_PROXY: proxyUrl } } : {};
}

function tlsOf({ host }: Target, terms: ConnectionTerms, certificate: ClientCertificate | undefined): LinksOptions['tls'] {
  const { caData, serverName, insecureSkipTLSVerify } = terms;
  return {
    // One parsed context for all connections; it also keeps the keys of the agents' pools short.
    secureContext: createSecureContext({ ...(caData ? { ca: caData } : {}), ...certificate }),
    rejectUnauthorized: !insecureSkipTLSVerify,
    servername: serverName ?? (isIP(host) ? '' : host),
    ALPNProtocols: ['http/1.1'],
  };
}

/** Lets the agent's requests finish and keeps none of its connections. */
export function retireAgent(agent: http.Agent): void {
  agent.maxFreeSockets = 0;
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}
