import { createMemoryStore, createServer, createTokens } from '@keelson/apiserver';
import { silentLogger, systemClock, systemRandom } from '@keelson/base';
import { inProcessTransport, type Transport } from '@keelson/client';
import { versionInfo } from '@keelson/component';
import { run } from '@keelson/kubectl';
import { createKeyPair } from '@keelson/pki';
import { Registry } from 'prom-client';
import { withPlainResponses } from '../src/plain-response.ts';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface KubectlServer {
  readonly transport: Transport;
  /** Runs one command line. `stdin` is what `-f -` reads. */
  kubectl(line: string | readonly string[], stdin?: string): Promise<Outcome>;
  /** As `kubectl`, and fails unless it succeeds without a word on standard error. */
  ok(line: string | readonly string[], stdin?: string): Promise<string>;
  stop(): Promise<void>;
}

/** The real API server on memory, with nothing behind it, and kubectl in front of it. */
export async function startKubectlServer(): Promise<KubectlServer> {
  const stop = new AbortController();
  const [clock, random] = [systemClock, systemRandom];
  const store = createMemoryStore();
  const { privateKeyPem, publicKeyPem } = await createKeyPair('EC');
  const issuer = 'https://kubernetes.default.svc.cluster.local';
  const tokens = { issuer, signingKey: privateKeyPem, publicKeys: [publicKeyPem], audiences: [issuer], clock };
  const server = await createServer({
    ...{ store, clock, random, log: silentLogger, metrics: new Registry(), version: versionInfo, signal: stop.signal },
    ...{ serviceCIDR: '10.96.0.0/16', nodePorts: { from: 30_000, to: 32_767 }, disabledAdmission: [], compactionInterval: 300_000 },
    tokens: (registry) => createTokens(tokens, registry),
    kubelets: { send: noKubelets, dial: noKubelets },
  });
  await server.bootstrap();
  const transport = inProcessTransport(withPlainResponses(server.handle), { name: 'admin', groups: ['system:masters'] });

  const kubectl: KubectlServer['kubectl'] = async (line, stdin = '') => {
    const argv = typeof line === 'string' ? line.split(' ') : line;
    let [stdout, stderr] = ['', ''];
    const code = await run(argv, {
      transport,
      clock,
      env: {},
      stdin: (async function* () {
        yield stdin;
      })(),
      stdout: { write: (text) => (stdout += Buffer.from(text).toString()) },
      stderr: { write: (text) => (stderr += Buffer.from(text).toString()) },
      signal: AbortSignal.any([stop.signal, AbortSignal.timeout(10_000)]),
    });
    return { code, stdout, stderr };
  };

  return {
    transport,
    kubectl,
    async ok(line, stdin) {
      const outcome = await kubectl(line, stdin);
      if (outcome.code !== 0 || outcome.stderr !== '') throw new Error(`kubectl ${line} ended with ${outcome.code}: ${outcome.stderr}`);
      return outcome.stdout;
    },
    async stop() {
      stop.abort();
      transport.close();
      await server.stopped;
      await store.close();
    },
  };
}

function noKubelets(): Promise<never> {
  return Promise.reject(new Error('no kubelets here'));
}
