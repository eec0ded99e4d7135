import { type Clock, errorMessage, sleep } from '@keelson/base';
import type { Container, LifecycleHandler } from '@keelson/types';
import { authority } from '../probe/http.ts';
import type { Prober } from '../probe/prober.ts';
import { execTarget, httpTarget } from '../probe/target.ts';

export interface HookContext {
  readonly clock: Clock;
  readonly prober: Prober;
  readonly container: Container;
  readonly containerId: string;
  readonly podIP: string;
  /** Aborts when nobody waits for the hook any more. */
  readonly signal: AbortSignal;
  /** An event of the pod. */
  warn(reason: string, message: string): void;
}

/** Milliseconds after which an HTTP hook is given up. */
const httpBound = 60_000;

/** Runs a postStart or preStop handler to its end or the signal. Resolves to why it failed, undefined when it went well. */
export async function runHook(handler: LifecycleHandler, context: HookContext): Promise<string | undefined> {
  const { clock, prober, container, containerId, podIP, signal } = context;
  try {
    if (handler.sleep) {
      await sleep(clock, Number(handler.sleep.seconds) * 1000, signal);
      return undefined;
    }
    if (handler.httpGet) {
      const target = httpTarget(handler.httpGet, container, podIP);
      const { fellBack } = await Promise.race([prober.callHook(target, httpBound), aborted(signal)]);
      const message = `request to HTTPS lifecycle hook ${authority(target)} got HTTP response, retry with HTTP succeeded`;
      if (fellBack) context.warn('LifecycleHTTPFallback', message);
      return undefined;
    }
    if (!handler.exec) return 'invalid handler';
    const outcome = await Promise.race([prober.probe(execTarget(handler.exec), containerId, 0), aborted(signal)]);
    return outcome.result === 'success' ? undefined : outcome.message;
  } catch (error) {
    return errorMessage(error);
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
