import { Readable } from 'node:stream';
import { createMemoryStore, createServer, createTokens } from '@keelson/apiserver';
import { silentLogger, systemClock, systemRandom } from '@keelson/base';
import { inProcessTransport, type Transport } from '@keelson/client';
import { versionInfo } from '@keelson/component';
import { run } from '@keelson/kubectl';
import { createKeyPair } from '@keelson/pki';
import { Registry } from 'prom-client';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningKubectl {
  /** What it has printed so far. */
  output(): string;
  /** As Ctrl-C; resolves to its exit code. */
  interrupt(): Promise<number>;
}

export interface KubectlServer {
  readonly transport: Transport;
  /** Runs one command line. `stdin` is what `-f -` reads. */
  kubectl(line: string | readonly string[], stdin?: string): Promise<Outcome>;
  /** Starts one that runs until it is stopped. */
  start(line: string): RunningKubectl;
  /** As `kubectl`, and fails unless it succeeds without a word on standard error. */
  ok(line: string | readonly string[], stdin?: string): Promise<string>;
  stop(): Promise<void>;
}

/** The real API server on memory, with nothing behind it, and kubectl in front of it. @param env what kubectl finds in its environment. */
export async function startKubectlServer(env: Readonly<Record<string, string>> = {}): Promise<KubectlServer> {
  const stop = new AbortController();
  const [clock, random] = [systemClock, systemRandom];
  const store = createMemoryStore();
  const { privateKeyPem, publicKeyPem } = await createKeyPair('EC');
  const issuer = 'https://kubernetes.default.svc.cluster.local';
  const tokens = { issuer, signingKey: privateKeyPem, publicKeys: [publicKeyPem], audiences: [issuer], clock };
  const server = await createServer({
    ...{ store, clock, random, log: silentLogger, metrics: new Registry(), version: versionInfo, signal: stop.signal },
    ...{ serviceCIDR: '10.96.0.0/16', nodePorts: { from: 30_000, to: 32_767 }, disabledAdmission: [], compactionInterval: 300_000 },
    tokens: () => createTokens(tokens),
    kubelets: { send: noKubelets, dial: noKubelets },
  });
  await server.bootstrap();
  const transport = inProcessTransport(server.handle, { name: 'admin', groups: ['system:masters'] });

  const start = (line: string | readonly string[], stdin: string, signal: AbortSignal) => {
    const printed = { stdout: '', stderr: '' };
    const into = (name: 'stdout' | 'stderr') => ({
      write: (text: string | Uint8Array): void => {
        printed[name] += Buffer.from(text as string).toString();
      },
    });
    const argv = typeof line === 'string' ? line.split(' ') : line;
    const input = Readable.from([Buffer.from(stdin)]);
    const code = run(argv, { transport, clock, env, stdin: input, stdout: into('stdout'), stderr: into('stderr'), signal });
    return { printed, code };
  };

  const kubectl: KubectlServer['kubectl'] = async (line, stdin = '') => {
    const { printed, code } = start(line, stdin, stop.signal);
    return { code: await code, ...printed };
  };

  return {
    transport,
    kubectl,
    start(line) {
      const interrupted = new AbortController();
      const { printed, code } = start(line, '', interrupted.signal);
      return {
        output: () => printed.stdout,
        interrupt: () => {
          interrupted.abort();
          return code;
        },
      };
    },
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
