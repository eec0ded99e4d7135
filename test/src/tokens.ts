import { createHmac } from 'node:crypto';
import type { ServerConfig } from '@keelson/apiserver';
import type { Clock } from '@keelson/base';
import { claimsFor, judge } from '@keelson/pki';

const issuer = 'https://kubernetes.default.svc.cluster.local';
const key = 'the key of a cluster that never leaves its process';

/**
 * Service account tokens with the claims of real ones under a symmetric signature: made and checked in the same turn of the event loop,
 * as a simulation needs it, where RSA runs on other threads and ends when it likes.
 */
export function simulatedTokens(clock: Clock): ReturnType<ServerConfig['tokens']> {
  const verify: ReturnType<ServerConfig['tokens']>['verify'] = async (token, audiences = [issuer]) => {
    const [head = '', body = '', signature] = token.split('.');
    if (signature !== sign(`${head}.${body}`)) return { kind: 'invalid', reason: 'signature does not match' };
    return judge(JSON.parse(Buffer.from(body, 'base64url').toString()), audiences, Math.floor(clock.now() / 1000));
  };
  return {
    issuer,
    audiences: [issuer],
    keySet: { keys: [] },
    signer: {
      issuer,
      sign: async (request) => {
        const content = `${encode({ alg: 'HS256' })}.${encode(claimsFor(request, issuer, clock.now()))}`;
        return `${content}.${sign(content)}`;
      },
    },
    verify,
  };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function sign(content: string): string {
  return createHmac('sha256', key).update(content).digest('base64url');
}
