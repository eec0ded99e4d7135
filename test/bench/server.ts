import { type ApiServer, createMemoryStore, createServer, type ServerConfig } from '@keelson/apiserver';
import { seededRandom, silentLogger, systemClock } from '@keelson/base';
import { inProcessTransport, readText, type Transport } from '@keelson/client';
import { versionInfo } from '@keelson/component';
import { Registry } from 'prom-client';
import { simulatedTokens } from '../src/tokens.ts';

/** An API server in this process, with nothing around it. */
export interface BenchServer {
  readonly server: ApiServer;
  transport(name: string, groups: readonly string[]): Transport;
  stop(): Promise<void>;
}

const clock = systemClock;

/** @param store a memory store, unless told. */
export async function benchServer(store: ServerConfig['store'] = createMemoryStore({ clock })): Promise<BenchServer> {
  const end = new AbortController();
  const none = (): Promise<never> => Promise.reject(new Error('no kubelets'));
  const server = await createServer({
    ...{
      store,
      clock,
      random: seededRandom(1),
      log: silentLogger,
      metrics: new Registry(),
      version: versionInfo,
    },
    serviceCIDR: '10.96.0.0/16',
    nodePorts: { from: 30_000, to: 32_767 },
    disabledAdmission: ['ServiceAccount'],
    tokens: () => simulatedTokens(clock),
    kubelets: { send: none, dial: none },
    compactionInterval: 300_000,
    signal: end.signal,
  });
  await server.bootstrap({ address: '192.0.2.1', port: 6443 });
  return {
    server,
    transport: (name, groups) => inProcessTransport(server.handle, { name, groups }),
    async stop() {
      end.abort();
      await server.stopped;
    },
  };
}

/** One request; the answer's text. @throws Error with it when it is a refusal. */
export async function send(
  transport: Transport,
  request: { readonly method: 'PATCH' | 'POST' | 'PUT'; readonly path: string; readonly body: string; readonly type?: string },
): Promise<string> {
  const { method, path, body, type = 'application/json' } = request;
  const headers = { 'content-type': type, 'user-agent': 'bench/1' };
  const response = await transport.send({ method, path, headers, body });
  const text = await readText(response);
  if (response.status >= 400) throw new Error(`${method} ${path}: ${text}`);
  return text;
}
